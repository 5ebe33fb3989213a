"""Receivers, and events for those that poll, in the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, update

from identity.security_events.models import EventReceiver, PolledEvent
from identity.storage import Executor, delete_some, table_of

RECEIVER = table_of(EventReceiver)
EVENT = table_of(PolledEvent)
# For how long events can be replayed.
KEPT = timedelta(days=7)


@dataclass(frozen=True)
class StoredReceiver:
    """A service that receives security events."""

    # The `aud` of its events.
    id: str
    # None: it polls.
    push_uri: str | None
    # Encrypted.
    push_authorization: str | None
    secret_digest: str | None
    event_types: tuple[str, ...]
    is_disabled: bool
    # The position of the last event that was written for it.
    last_position: int = 0


@dataclass(frozen=True)
class StoredEvent:
    """An event for a receiver that polls."""

    position: int
    id: str
    # Encrypted.
    payload: str


class Receivers:
    """The table of receivers."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def get(self, receiver_id: str) -> StoredReceiver | None:
        """Return the receiver, disabled or not."""
        row = self._executor.execute(select(RECEIVER).where(RECEIVER.c.id == receiver_id)).one_or_none()
        return _receiver(row) if row else None

    def everyone(self) -> list[StoredReceiver]:
        """Return every receiver, by id, disabled or not."""
        return [_receiver(row) for row in self._executor.execute(select(RECEIVER).order_by(RECEIVER.c.id))]

    def enabled(self) -> list[StoredReceiver]:
        """Return the enabled receivers by id, the order in which their rows get locked."""
        statement = select(RECEIVER).where(RECEIVER.c.disabled_at.is_(None)).order_by(RECEIVER.c.id)
        return [_receiver(row) for row in self._executor.execute(statement)]

    def put(self, receiver: StoredReceiver, now: datetime) -> None:
        """Add or change the receiver."""
        fields = {
            "push_uri": receiver.push_uri,
            "push_authorization": receiver.push_authorization,
            "secret_digest": receiver.secret_digest,
            "event_types": list(receiver.event_types),
            "disabled_at": now if receiver.is_disabled else None,
        }
        change = update(RECEIVER).where(RECEIVER.c.id == receiver.id).values(**fields)
        if self._executor.execute(change.returning(RECEIVER.c.id)).one_or_none() is None:
            new = {"id": receiver.id, "last_position": 0, "created_at": now, **fields}
            self._executor.execute(insert(RECEIVER).values(**new))

    def replace_authorization(self, receiver_id: str, before: str, after: str) -> None:
        """Replace the encrypted authorization by the same under another key, unless it was changed."""
        this = (RECEIVER.c.id == receiver_id) & (RECEIVER.c.push_authorization == before)
        self._executor.execute(update(RECEIVER).where(this).values(push_authorization=after))


class PolledEvents:
    """The events of receivers that poll."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def append(self, receiver_id: str, events: Sequence[tuple[str, str]], now: datetime) -> None:
        """Add events, each an id and an encrypted payload; needs a transaction.

        The receiver's row stays locked until the commit: a reader that has seen a position has missed no
        event before it.
        """
        last: int = self._executor.execute(
            update(RECEIVER)
            .where(RECEIVER.c.id == receiver_id)
            .values(last_position=RECEIVER.c.last_position + len(events))
            .returning(RECEIVER.c.last_position)
        ).scalar_one()
        first = last - len(events) + 1
        rows = [
            {
                "receiver_id": receiver_id,
                "position": position,
                "id": event_id,
                "payload": payload,
                "created_at": now,
                "acknowledged_at": None,
            }
            for position, (event_id, payload) in enumerate(events, start=first)
        ]
        self._executor.execute(insert(EVENT), rows)

    def payloads(self, limit: int) -> list[str]:
        """Return encrypted payloads, the oldest first."""
        oldest = select(EVENT.c.payload).order_by(EVENT.c.created_at).limit(limit)
        return list(self._executor.execute(oldest).scalars())

    def after(self, receiver_id: str, position: int, limit: int) -> list[StoredEvent]:
        """Return the events after a position, acknowledged or not, in their order."""
        return self._read(self._of(receiver_id).where(EVENT.c.position > position), limit)

    def unacknowledged(self, receiver_id: str, limit: int) -> list[StoredEvent]:
        """Return the events that the receiver has not acknowledged, in their order."""
        return self._read(self._of(receiver_id).where(EVENT.c.acknowledged_at.is_(None)), limit)

    def position_before(self, receiver_id: str, moment: datetime) -> int:
        """Return the position of the last event before this moment; 0 for none."""
        found = self._executor.execute(
            select(func.max(EVENT.c.position)).where(
                EVENT.c.receiver_id == receiver_id, EVENT.c.created_at < moment
            )
        ).scalar_one()
        return found or 0

    def acknowledge(self, receiver_id: str, event_ids: Collection[str], now: datetime) -> None:
        """Record that the receiver has these events."""
        self._executor.execute(
            update(EVENT)
            .where(
                EVENT.c.receiver_id == receiver_id,
                EVENT.c.id.in_(event_ids),
                EVENT.c.acknowledged_at.is_(None),
            )
            .values(acknowledged_at=now)
        )

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` events of more than a week ago; return how many."""
        return delete_some(self._executor, EVENT, EVENT.c.created_at <= now - KEPT, limit)

    def _of(self, receiver_id: str) -> Select[Any]:
        return (
            select(EVENT.c.position, EVENT.c.id, EVENT.c.payload)
            .where(EVENT.c.receiver_id == receiver_id)
            .order_by(EVENT.c.position)
        )

    def _read(self, statement: Select[Any], limit: int) -> list[StoredEvent]:
        return [StoredEvent(*row) for row in self._executor.execute(statement.limit(limit))]


def _receiver(row: Row[Any]) -> StoredReceiver:
    return StoredReceiver(
        id=row.id,
        push_uri=row.push_uri,
        push_authorization=row.push_authorization,
        secret_digest=row.secret_digest,
        event_types=tuple(row.event_types),
        is_disabled=row.disabled_at is not None,
        last_position=row.last_position,
    )
