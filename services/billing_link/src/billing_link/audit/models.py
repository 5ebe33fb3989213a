"""The table of audit events."""

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from billing_link.storage import Base


class AuditEventRow(Base):
    """One event."""

    __tablename__ = "audit_events"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    # A value of `store.Event`.
    event: Mapped[str] = mapped_column(String(64))
    city_id: Mapped[str] = mapped_column(String(64))
    # The resident's opaque `sub`; empty for an event that an operator caused.
    subject: Mapped[str] = mapped_column(String(255), index=True)
    client_id: Mapped[str] = mapped_column(String(64))
    session_id: Mapped[str] = mapped_column(String(64))
    # Identifiers, counts and reason codes only.
    details: Mapped[dict[str, str]] = mapped_column(JSON)
