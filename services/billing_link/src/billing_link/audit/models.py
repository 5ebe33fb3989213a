"""Audit events and the seals over them, as stored."""

from datetime import datetime

from sqlalchemy import JSON, Integer, String
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
    # The number of the `AuditSealRow` that it is under; none for the first minutes.
    seal: Mapped[int | None] = mapped_column(index=True)


class AuditSealRow(Base):
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
