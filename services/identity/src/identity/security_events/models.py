"""Receivers of security events, and the events that wait to be polled, as stored."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class EventReceiver(Model):
    """A service that is told of security events."""

    __tablename__ = "event_receivers"

    # The `aud` of its events, such as a resource indicator.
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    # Where events are pushed to (RFC 8935); None: it polls (RFC 8936).
    push_uri: Mapped[str | None] = mapped_column(String(512))
    # Encrypted; what a push says in `Authorization`. None: nothing.
    push_authorization: Mapped[str | None] = mapped_column(Text)
    # SHA-256 of the secret with which it polls.
    secret_digest: Mapped[str | None] = mapped_column(String(64))
    # Values of `vocabulary.EventType`.
    event_types: Mapped[list[str]] = mapped_column(JSON)
    # The number of the last event that was written for it. Its row is the lock under which numbers are given
    # out, so that they become visible in their order.
    last_position: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class PolledEvent(Model):
    """An event that waits for a receiver that polls; kept for a while after, to be replayed."""

    __tablename__ = "polled_events"

    receiver_id: Mapped[str] = mapped_column(
        String(255), ForeignKey("event_receivers.id", ondelete="CASCADE"), primary_key=True
    )
    # One after the other for each receiver, in the order in which they became visible.
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The `jti` of the token.
    id: Mapped[str] = mapped_column(String(32))
    # Encrypted JSON: the claims; signed anew each time they are handed out.
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    acknowledged_at: Mapped[datetime | None]
