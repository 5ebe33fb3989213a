"""A consent, as stored."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class Consent(Model):
    """What one resident allowed one client, until they remove it. Holds personal data."""

    __tablename__ = "consents"

    resident_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("residents.id", ondelete="CASCADE"), primary_key=True
    )
    client_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    scopes: Mapped[list[str]] = mapped_column(JSON)
    # Resource indicators (RFC 8707) beside userinfo.
    resources: Mapped[list[str]] = mapped_column(JSON)
    given_at: Mapped[datetime]
    # Of the last extension.
    changed_at: Mapped[datetime]
