"""An audit event, as stored."""

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class AuditEvent(Model):
    """One recorded event. Holds personal data: the resident's id and the IP address."""

    __tablename__ = "audit_events"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    # A value of `audit.events.Event`.
    event: Mapped[str] = mapped_column(String(64))
    resident_id: Mapped[str | None] = mapped_column(String(32), index=True)
    client_id: Mapped[str | None] = mapped_column(String(64))
    session_id: Mapped[str | None] = mapped_column(String(32))
    ip_address: Mapped[str | None] = mapped_column(String(45))
    # Identifiers, reason codes, and the reason that staff gave.
    details: Mapped[dict[str, str]] = mapped_column(JSON)
