"""Failure counters in the database.

An attempt is counted before its password is compared, so that of a hundred guesses at once only as many as
are left are told anything. A sign-in is followed by `record_sign_in`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Row, case, delete, func, literal, or_, select, update

from identity.residents.lockout import rules
from identity.residents.lockout.models import FailureCount
from identity.residents.lockout.rules import OriginClass
from identity.secret_keys import SecretKeys
from identity.storage import Executor, UtcDateTime, delete_some, insert_into, table_of

COUNTS = table_of(FailureCount)
_MOMENT = UtcDateTime()
_CLASSES = [each.value for each in OriginClass]


class Status(StrEnum):
    """What signs in."""

    # The password alone.
    OPEN = "open"
    # The password and a mailed code; after the wait the password alone.
    WAIT = "wait"
    # The password and a mailed code.
    STOPPED = "stopped"


@dataclass(frozen=True)
class LockoutState:
    """What signs in with one address from one origin. Never shown on a page (product decision 4)."""

    status: Status
    # As which the origin counts.
    origin_class: OriginClass
    # When the wait is over.
    until: datetime | None = None
    # If the attempt fails, it begins the wait of 15 minutes, or the stop: the resident is to be mailed.
    just_locked: bool = False
    just_stopped: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether the password alone signs in."""
        return self.status is Status.OPEN


@dataclass(frozen=True)
class OldCounts:
    """The counters that an older key made."""

    rows: int
    # When the last of them ends by itself, at the latest.
    end: datetime | None


class Lockout:
    """The counters, within one transaction or on an autocommit connection.

    Addresses are given in their compared form (`Address.key`) and stored as a keyed digest. Those without an
    account are counted alike.
    """

    def __init__(self, executor: Executor, secret_keys: SecretKeys) -> None:
        self._executor = executor
        self._secret_keys = secret_keys

    def count_attempt(self, email_key: str, origin: str, now: datetime) -> LockoutState:
        """Count an attempt as failed before its password is compared; return what signs in this time."""
        subject, *older = self._subjects(email_key)
        for each in older:
            self._take_over(each, subject)
        here = self._count_here(subject, origin, now)
        if here is None:
            return self.state(email_key, origin, now)
        origin_class = rules.class_of(origin, here.used_at, now)
        counted = self._count_in(subject, origin_class, now)
        if counted is None:
            return LockoutState(Status.STOPPED, origin_class)
        is_told = counted.failures == origin_class.stops_at and counted.told_at == now.replace(microsecond=0)
        is_locked = here.failures == rules.LOCK_AT
        return LockoutState(Status.OPEN, origin_class, just_locked=is_locked, just_stopped=is_told)

    def state(self, email_key: str, origin: str, now: datetime) -> LockoutState:
        """Tell what signs in; writes nothing."""
        rows = self._executor.execute(
            select(
                COUNTS.c.origin,
                COUNTS.c.failures,
                COUNTS.c.blocked_until,
                COUNTS.c.used_at,
                _remaining(now).label("left"),
            ).where(self._of(email_key), COUNTS.c.origin.in_([origin, *_CLASSES]))
        )
        counts = {row.origin: row for row in rows}
        here = counts.get(origin)
        origin_class = rules.class_of(origin, here.used_at if here else None, now)
        until = here.blocked_until if here else None
        if origin_class in counts and counts[origin_class].left >= origin_class.stops_at:
            return LockoutState(Status.STOPPED, origin_class)
        if until and until > now:
            return LockoutState(Status.WAIT, origin_class, until)
        return LockoutState(Status.OPEN, origin_class)

    def record_sign_in(self, email_key: str, origin: str, origin_class: OriginClass, now: datetime) -> None:
        """Take the counts of this origin and its class back; its network is known from now on.

        The waits of other origins and the counts of other classes go on.
        """
        known = now if origin_class is not OriginClass.DEVICES else None
        self._executor.execute(
            update(COUNTS)
            .where(self._of(email_key), COUNTS.c.origin.in_([origin, origin_class.value]))
            .values(
                failures=0,
                blocked_until=None,
                used_at=case((COUNTS.c.origin == origin, literal(known, _MOMENT))),
            )
        )

    def unlock(self, email_key: str) -> None:
        """Set all counts of the address back; the networks known for it stay known."""
        back = update(COUNTS).where(self._of(email_key)).values(failures=0, blocked_until=None)
        self._executor.execute(back)

    def clear_failures(self, email_key: str) -> None:
        """Delete all counts of the address, and the networks known for it."""
        self._executor.execute(delete(COUNTS).where(self._of(email_key)))

    def worst_status(self, email_key: str, now: datetime) -> Status:
        """Return the status of the origin or class that is worst off; never for a page.

        It is what "Unlock account?" ends, and what staff see.
        """
        stopped = or_(*(_is_stopped(each, now) for each in OriginClass))
        found = self._executor.execute(
            select(case((stopped, 1), else_=0).label("is_stopped"))
            .where(self._of(email_key), or_(COUNTS.c.blocked_until > now, stopped))
            .order_by(case((stopped, 0), else_=1))
            .limit(1)
        ).one_or_none()
        if found is None:
            return Status.OPEN
        return Status.STOPPED if found.is_stopped else Status.WAIT

    def of_older_keys(self) -> OldCounts:
        """Return how many counters the newest key did not make, and when the last of them ends."""
        is_older = or_(COUNTS.c.key_id.is_(None), COUNTS.c.key_id != self._secret_keys.newest_id)
        row = self._executor.execute(
            select(
                func.count().label("rows"),
                func.max(COUNTS.c.used_at).label("used_at"),
                func.max(COUNTS.c.last_failed_at).label("failed_at"),
                func.max(COUNTS.c.counted_on + COUNTS.c.failures).label("day"),
            ).where(is_older)
        ).one()
        ends = [
            row.used_at and row.used_at + rules.NETWORK_KNOWN_FOR,
            row.failed_at and row.failed_at + rules.FORGOTTEN_AFTER,
            row.day and rules.start_of(row.day),
        ]
        return OldCounts(row.rows, max((end for end in ends if end), default=None))

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` counters that no rule reads any more; return how many."""
        is_class = COUNTS.c.counted_on.is_not(None)
        is_unknown = or_(COUNTS.c.used_at.is_(None), COUNTS.c.used_at <= now - rules.NETWORK_KNOWN_FOR)
        forgotten = or_(
            ~is_class & is_unknown & (COUNTS.c.last_failed_at <= now - rules.FORGOTTEN_AFTER),
            is_class & (_remaining(now) == 0),
        )
        return delete_some(self._executor, COUNTS, forgotten, limit)

    def _count_here(
        self, subject: str, origin: str, now: datetime
    ) -> Row[tuple[int, datetime | None]] | None:
        """Add a failure from this origin; None if it waits."""
        before = COUNTS.c.failures
        is_fresh = COUNTS.c.last_failed_at <= now - rules.FORGOTTEN_AFTER
        first = {"failures": 1, "last_failed_at": now, "key_id": self._secret_keys.newest_id}
        statement = insert_into(self._executor, COUNTS).values(subject=subject, origin=origin, **first)
        return self._executor.execute(
            statement.on_conflict_do_update(
                index_elements=[COUNTS.c.subject, COUNTS.c.origin],
                set_={
                    **first,
                    "failures": case((is_fresh, 1), else_=before + 1),
                    "blocked_until": case(
                        (is_fresh, literal(None, _MOMENT)), else_=_blocked_until(before, now)
                    ),
                },
                where=or_(COUNTS.c.blocked_until.is_(None), COUNTS.c.blocked_until <= now),
            ).returning(COUNTS.c.failures, COUNTS.c.used_at)
        ).one_or_none()

    def _count_in(
        self, subject: str, origin_class: OriginClass, now: datetime
    ) -> Row[tuple[int, datetime | None]] | None:
        """Add a failure of this class; None if it is stopped."""
        stops_at, remaining = origin_class.stops_at, _remaining(now)
        may_tell = or_(COUNTS.c.told_at.is_(None), COUNTS.c.told_at <= now - rules.TOLD_AGAIN_AFTER)
        first = {
            "failures": 1,
            "last_failed_at": now,
            "counted_on": rules.day_of(now),
            "key_id": self._secret_keys.newest_id,
        }
        statement = insert_into(self._executor, COUNTS).values(
            subject=subject, origin=origin_class.value, **first
        )
        return self._executor.execute(
            statement.on_conflict_do_update(
                index_elements=[COUNTS.c.subject, COUNTS.c.origin],
                set_={
                    **first,
                    "failures": remaining + 1,
                    "told_at": case(
                        ((remaining + 1 == stops_at) & may_tell, literal(now, _MOMENT)),
                        else_=COUNTS.c.told_at,
                    ),
                },
                where=remaining < stops_at,
            ).returning(COUNTS.c.failures, COUNTS.c.told_at)
        ).one_or_none()

    def _take_over(self, older: str, newest: str) -> None:
        """Let the newest key name what an older one named."""
        named_already = COUNTS.alias()
        self._executor.execute(
            update(COUNTS)
            .where(
                COUNTS.c.subject == older,
                ~select(literal(1))
                .where(named_already.c.subject == newest, named_already.c.origin == COUNTS.c.origin)
                .exists(),
            )
            .values(subject=newest, key_id=self._secret_keys.newest_id)
        )

    def _of(self, email_key: str) -> ColumnElement[bool]:
        return COUNTS.c.subject.in_(self._subjects(email_key))

    def _subjects(self, email_key: str) -> list[str]:
        """Return the digests of the address, of the newest key first."""
        return self._secret_keys.keyed_digests("lockout", email_key)


def _remaining(now: datetime) -> ColumnElement[int]:
    """Return the count of a class today, as SQL."""
    today = rules.day_of(now) - COUNTS.c.counted_on
    return case((COUNTS.c.failures > today, COUNTS.c.failures - today), else_=0)


def _is_stopped(origin_class: OriginClass, now: datetime) -> ColumnElement[bool]:
    return (COUNTS.c.origin == origin_class.value) & (_remaining(now) >= origin_class.stops_at)


def _blocked_until(failures_before: ColumnElement[int], now: datetime) -> ColumnElement[datetime | None]:
    """Return `rules.wait_after` as SQL, so that counting and blocking are one statement."""
    steps = [
        (failures_before + 1 == failures, literal(now + wait, _MOMENT))
        for failures in range(1, rules.LOCK_AT)
        if (wait := rules.wait_after(failures))
    ]
    return case(
        *steps,
        (failures_before + 1 >= rules.LOCK_AT, literal(now + rules.LOCK_WAIT, _MOMENT)),
        else_=literal(None, _MOMENT),
    )
