"""The tables of the audit record. Events are added, never changed but for the number of their seal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from identity import randomness
from identity.audit.events import Event
from identity.audit.models import AuditEvent, AuditSeal
from identity.compiled_statements import CompiledStatement
from identity.storage import Executor, insert_into, table_of

EVENTS, SEALS = table_of(AuditEvent), table_of(AuditSeal)
_RECORD = CompiledStatement(insert(EVENTS))


@dataclass(frozen=True)
class RecordedEvent:
    """An event as it was recorded. Holds personal data: the IP address."""

    event: Event
    resident_id: str | None
    ip_address: str | None
    details: Mapping[str, str]


class Audit:
    """The audit record, on the transaction of the recorded change or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def record(
        self,
        event: Event,
        now: datetime,
        *,
        resident_id: str | None = None,
        client_id: str | None = None,
        session_id: str | None = None,
        ip_address: str | None = None,
        **details: str,
    ) -> None:
        """Add one event. `details` are identifiers, reason codes and staff's reason: no personal data."""
        recorded = {
            "id": randomness.identifier(),
            "at": now,
            "event": event.value,
            "resident_id": resident_id,
            "client_id": client_id,
            "session_id": session_id,
            "ip_address": ip_address[:45] if ip_address else None,
            "details": details,
        }
        _RECORD.row(self._executor, recorded)

    def count_events(self, since: datetime, until: datetime) -> dict[str, int]:
        """Return how often each event was recorded from `since` until before `until`."""
        statement = (
            select(EVENTS.c.event, func.count().label("number"))
            .where(EVENTS.c.at >= since, EVENTS.c.at < until)
            .group_by(EVENTS.c.event)
        )
        return {row.event: row.number for row in self._executor.execute(statement)}

    def list_events(self, events: Sequence[Event], since: datetime, limit: int) -> Iterable[RecordedEvent]:
        """Yield up to `limit` events of these kinds that were recorded since then, in any order."""
        statement = (
            select(EVENTS.c.event, EVENTS.c.resident_id, EVENTS.c.ip_address, EVENTS.c.details)
            .where(EVENTS.c.at >= since, EVENTS.c.event.in_([event.value for event in events]))
            .limit(limit)
        )
        for row in self._executor.execute(statement):
            yield RecordedEvent(Event(row.event), row.resident_id, row.ip_address, row.details)

    def last_recorded(self, event: Event, resident_id: str) -> datetime | None:
        """Return when the event was last recorded for the resident (UTC); None: never."""
        moment: datetime | None = self._executor.scalar(
            select(func.max(EVENTS.c.at)).where(
                EVENTS.c.resident_id == resident_id, EVENTS.c.event == event.value
            )
        )
        return moment


@dataclass(frozen=True)
class SealedEvent:
    """Everything that was recorded of an event. Holds personal data."""

    id: str
    at: datetime
    # Event, resident, client, session and IP address.
    rest: tuple[str | None, ...]
    details: Mapping[str, str]


@dataclass(frozen=True)
class Seal:
    """A seal over some of the events."""

    number: int
    # SHA-256 in hex.
    hash: str
    events: int
    # When its newest event was recorded.
    last_at: datetime
    # When its events were deleted, at the end of their retention.
    erased_at: datetime | None


class AlreadySealedError(Exception):
    """Another worker has added a seal of this number; roll back."""


class AuditSeals:
    """The seals (`audit.seals`), within one transaction."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def last_seal(self) -> Seal | None:
        """Return the newest seal."""
        row = self._executor.execute(select(SEALS).order_by(SEALS.c.number.desc()).limit(1)).one_or_none()
        return _seal(row) if row else None

    def list_seals(self) -> list[Seal]:
        """Return every seal, the oldest first."""
        return [_seal(row) for row in self._executor.execute(select(SEALS).order_by(SEALS.c.number))]

    def claim_events(self, number: int, before: datetime, limit: int) -> list[SealedEvent]:
        """Put the oldest events that have no seal and were recorded before then under this seal."""
        chosen = select(EVENTS.c.id).where(EVENTS.c.seal.is_(None), EVENTS.c.at < before)
        self._executor.execute(
            update(EVENTS)
            .where(EVENTS.c.id.in_(chosen.order_by(EVENTS.c.at).limit(limit)), EVENTS.c.seal.is_(None))
            .values(seal=number)
        )
        return self.events_of(number)

    def events_of(self, number: int) -> list[SealedEvent]:
        """Return the events under a seal."""
        columns = EVENTS.c.event, EVENTS.c.resident_id, EVENTS.c.client_id, EVENTS.c.session_id
        statement = select(EVENTS.c.id, EVENTS.c.at, EVENTS.c.details, *columns, EVENTS.c.ip_address)
        rows = self._executor.execute(statement.where(EVENTS.c.seal == number))
        return [SealedEvent(row.id, row.at, tuple(row[3:]), row.details) for row in rows]

    def add_seal(self, number: int, chained: str, sealed: Sequence[SealedEvent], now: datetime) -> None:
        """Add a seal; raises `AlreadySealedError` for the second of two workers that add one number."""
        statement = insert_into(self._executor, SEALS).values(
            number=number,
            hash=chained,
            events=len(sealed),
            last_at=max(event.at for event in sealed),
            sealed_at=now,
            erased_at=None,
        )
        added = self._executor.execute(statement.on_conflict_do_nothing().returning(SEALS.c.number))
        if added.one_or_none() is None:
            raise AlreadySealedError

    def erase_events(self, before: datetime, now: datetime) -> int:
        """Delete the events of the oldest seal that has only events from before then; return how many."""
        statement = select(SEALS.c.number).where(SEALS.c.erased_at.is_(None), SEALS.c.last_at < before)
        number = self._executor.execute(statement.order_by(SEALS.c.number).limit(1)).scalar_one_or_none()
        if number is None:
            return 0
        self._executor.execute(update(SEALS).where(SEALS.c.number == number).values(erased_at=now))
        deleted = self._executor.execute(delete(EVENTS).where(EVENTS.c.seal == number).returning(EVENTS.c.id))
        return len(deleted.all())


def _seal(row: Row[Any]) -> Seal:
    return Seal(row.number, row.hash, row.events, row.last_at, row.erased_at)
