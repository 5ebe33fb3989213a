"""The tables of the audit trail. Events are added, never changed but for the number of their seal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Row, Table, delete, func, select, update
from sqlalchemy.engine import Connection

from billing_link import randomness
from billing_link.audit.models import AuditEventRow, AuditSealRow
from billing_link.new_rows import NewRow, add_together
from billing_link.storage import Executor, insert_into

EVENTS, SEALS = (cast("Table", model.__table__) for model in (AuditEventRow, AuditSealRow))


class Event(StrEnum):
    """Every event that is recorded. Closed."""

    LINK_MADE = "link_made"
    LINK_REMOVED = "link_removed"
    LINK_REFUSED = "link_refused"
    AUTO_LINK_DECIDED = "auto_link_decided"
    ATTEMPTS_USED_UP = "attempts_used_up"
    CITY_PUT = "city_put"
    RECORDS_IMPORTED = "records_imported"


@dataclass(frozen=True, slots=True)
class Actor:
    """The cause of an event: a resident by `sub`, a client and a session; all empty for an operator."""

    subject: str = ""
    client_id: str = ""
    session_id: str = ""


OPERATOR = Actor()


def new_event(
    event: Event,
    now: datetime,
    *,
    city_id: str,
    actor: Actor = OPERATOR,
    details: Mapping[str, str] | None = None,
) -> NewRow:
    """Return the row of an event. `details` are identifiers, counts and reason codes, no personal data."""
    return NewRow(
        AuditEventRow,
        {
            "id": randomness.identifier(),
            "at": now,
            "event": event.value,
            "city_id": city_id,
            "subject": actor.subject,
            "client_id": actor.client_id,
            "session_id": actor.session_id,
            "details": dict(details or {}),
        },
    )


class Audit:
    """The audit trail, within an open transaction or on an autocommit connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(
        self,
        event: Event,
        now: datetime,
        *,
        city_id: str,
        actor: Actor = OPERATOR,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Append one event (`new_event`)."""
        event_row = new_event(event, now, city_id=city_id, actor=actor, details=details)
        add_together(self._connection, event_row)

    def last_times(self, event: Event) -> Mapping[str, datetime]:
        """Return when the event was recorded last, by city."""
        rows = self._connection.execute(
            select(AuditEventRow.city_id, func.max(AuditEventRow.at).label("at"))
            .where(AuditEventRow.event == event.value)
            .group_by(AuditEventRow.city_id)
        )
        return {row.city_id: row.at for row in rows}


@dataclass(frozen=True)
class SealedEvent:
    """Everything that was recorded of an event."""

    id: str
    at: datetime
    # Event, city, subject, client and session.
    rest: tuple[str, ...]
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
        columns = EVENTS.c.event, EVENTS.c.city_id, EVENTS.c.subject, EVENTS.c.client_id, EVENTS.c.session_id
        statement = select(EVENTS.c.id, EVENTS.c.at, EVENTS.c.details, *columns)
        rows = self._executor.execute(statement.where(EVENTS.c.seal == number))
        return [SealedEvent(row.id, row.at, tuple(row[3:]), row.details) for row in rows]

    def add_seal(self, number: int, chained: str, sealed: Sequence[SealedEvent], now: datetime) -> None:
        """Add a seal; raises `AlreadySealedError` for the second of two workers that add one number."""
        statement = insert_into(self._executor, AuditSealRow).values(
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
