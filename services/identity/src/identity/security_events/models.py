"""Receivers of security events, and the events that wait to be polled, as stored."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class EventReceiver(Model):
    """A service that receives security events."""

    __tablename__ = "event_receivers"

    # The `aud` of its events, such as a resource indicator.
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    # The URL that events are pushed to (RFC 8935); None: it polls (RFC 8936).
    push_uri: Mapped[str | None] = mapped_column(String(512))
    # Encrypted: the header `Authorization` of a push. None: it has none.
    push_authorization: Mapped[str | None] = mapped_column(Text)
    # SHA-256 of the secret with which it polls.
    secret_digest: Mapped[str | None] = mapped_column(String(64))
    # Values of `event_types.EventType`.
    event_types: Mapped[list[str]] = mapped_column(JSON)
    # The position of the last event that was written for it. Positions are assigned under a lock on this row,
    # so that events become visible in their order.
    last_position: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class PolledEvent(Model):
    """An event for a receiver that polls; kept for a week, also after its acknowledgement, for replays."""

    __tablename__ = "polled_events"

    receiver_id: Mapped[str] = mapped_column(
        String(255), ForeignKey("event_receivers.id", ondelete="CASCADE"), primary_key=True
    )
    # Consecutive for each receiver, in the order in which events became visible.
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The `jti` of the token.
    id: Mapped[str] = mapped_column(String(32))
    # Encrypted JSON: the claims, signed at each delivery.
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    acknowledged_at: Mapped[datetime | None]
