"""Audit events and the seals over them, as stored."""

from datetime import datetime

from sqlalchemy import JSON, Integer, String
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
    # The number of the `AuditSeal` that it is under; none for the first minutes.
    seal: Mapped[int | None] = mapped_column(index=True)


class AuditSeal(Model):
    """A link of the chain over the events (`audit.seals`)."""

    __tablename__ = "audit_seals"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # SHA-256 in hex, of its events and of the hash of the seal before.
    hash: Mapped[str] = mapped_column(String(64))
    events: Mapped[int] = mapped_column(Integer)
    # When its newest event was recorded.
    last_at: Mapped[datetime]
    sealed_at: Mapped[datetime]
    # When its events were deleted, at the end of their retention.
    erased_at: Mapped[datetime | None]
