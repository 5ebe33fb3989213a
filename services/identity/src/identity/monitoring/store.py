"""The counts in the database."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select

from identity.monitoring.models import EventCount
from identity.storage import Executor, delete_some, insert_into, table_of

COUNTS = table_of(EventCount)

KEPT = timedelta(days=400)


class Counted(StrEnum):
    """What is counted."""

    # Requests over a limit, by `rate_limits.Action`.
    LIMITED = "limited"
    # Requests that were answered by a fault of ours, such as a database that does not respond.
    FAULT = "fault"
    # Events of the audit, by their name.
    AUDIT_EVENT = "audit_event"
    # Accounts whose password was wrong, and accounts that signed in.
    ACCOUNTS = "accounts"
    # Signs of an attack, by `signs.Alarm`: once in an hour.
    ALARM = "alarm"


class EventCounts:
    """The counts, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add(self, counted: Counted, counts: Mapping[str, int], now: datetime) -> None:
        """Add to the counts of this hour."""
        for detail, count in sorted(counts.items()):
            self._put(counted, detail, count, now, {"count": COUNTS.c.count + count})

    def put(self, counted: Counted, counts: Mapping[str, int], now: datetime) -> None:
        """Set the counts of this hour, which were counted anew."""
        for detail, count in sorted(counts.items()):
            self._put(counted, detail, count, now, {"count": count})

    def raise_alarm(self, alarm: str, now: datetime) -> bool:
        """Record the alarm; True for the first of several workers that do in this hour."""
        statement = insert_into(self._executor, COUNTS).values(
            hour=hour_of(now), counted=Counted.ALARM.value, detail=alarm, count=1
        )
        added = self._executor.execute(statement.on_conflict_do_nothing().returning(COUNTS.c.count))
        return added.one_or_none() is not None

    def since(self, moment: datetime) -> dict[tuple[Counted, str], int]:
        """Return the sums of the hours that began at `moment` or later."""
        statement = (
            select(COUNTS.c.counted, COUNTS.c.detail, func.sum(COUNTS.c.count).label("number"))
            .where(COUNTS.c.hour >= moment)
            .group_by(COUNTS.c.counted, COUNTS.c.detail)
        )
        return {(Counted(row.counted), row.detail): row.number for row in self._executor.execute(statement)}

    def last_alarms(self, moment: datetime) -> dict[str, datetime]:
        """Return the last hour of each alarm that was raised in an hour that began at `moment` or later."""
        statement = (
            select(COUNTS.c.detail, func.max(COUNTS.c.hour).label("hour"))
            .where(COUNTS.c.counted == Counted.ALARM.value, COUNTS.c.hour >= moment)
            .group_by(COUNTS.c.detail)
        )
        return {row.detail: row.hour for row in self._executor.execute(statement)}

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` counts of hours that are older than 400 days; return how many."""
        return delete_some(self._executor, COUNTS, COUNTS.c.hour <= now - KEPT, limit)

    def _put(
        self, counted: Counted, detail: str, count: int, now: datetime, changes: Mapping[str, object]
    ) -> None:
        self._executor.execute(
            insert_into(self._executor, COUNTS)
            .values(hour=hour_of(now), counted=counted.value, detail=detail[:64], count=count)
            .on_conflict_do_update(
                index_elements=[COUNTS.c.hour, COUNTS.c.counted, COUNTS.c.detail], set_=changes
            )
        )


def hour_of(moment: datetime) -> datetime:
    """Return when the hour of this moment began."""
    return moment.replace(minute=0, second=0, microsecond=0)
