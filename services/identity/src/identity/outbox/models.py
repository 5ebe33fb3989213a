"""The table of messages to the outside."""

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class OutboxMessage(Model):
    """One message."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "state", "next_attempt_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # `mail`, `backchannel_logout` or `security_event`.
    kind: Mapped[str] = mapped_column(String(32))
    # What part of the outside may be slow: see `store.Outgoing`. Empty in rows of the release before.
    destination: Mapped[str] = mapped_column(String(255), server_default="")
    # JSON, encrypted with the secret keys; empty once delivered.
    payload: Mapped[str] = mapped_column(Text)
    # `waiting`, `delivered`, `failed` (no further attempt), `dropped` (what it says is no longer true) or
    # `unsent` (never to be delivered).
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    # While a worker holds the message, when its lease ends.
    next_attempt_at: Mapped[datetime]
    attempted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    # Why the last attempt failed, for an operator; quotes nothing of the payload.
    last_error: Mapped[str] = mapped_column(String(255))
