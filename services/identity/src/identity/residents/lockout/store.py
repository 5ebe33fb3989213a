"""Failure counters in the database.

An attempt is counted before its password is compared, so that of a hundred guesses at once only as many as
are left are told anything. A sign-in is followed by `record_sign_in`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    bindparam,
    case,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from identity.compiled_statements import CompiledStatement
from identity.residents.lockout import rules
from identity.residents.lockout.models import FailureCount
from identity.residents.lockout.rules import OriginClass
from identity.secret_keys import SecretKeys
from identity.storage import Executor, UtcDateTime, delete_some, table_of

COUNTS = table_of(FailureCount)
_MOMENT = UtcDateTime()
_CLASSES = [each.value for each in OriginClass]
# After how many failures in a row there is a wait, and of what length: the last is that of all after it.
_WAITS = {failures: wait for failures in range(1, rules.LOCK_AT + 1) if (wait := rules.wait_after(failures))}


def _at(name: str) -> ColumnElement[datetime]:
    return bindparam(name, type_=_MOMENT)


def _remaining(day: ColumnElement[int] | int) -> ColumnElement[int]:
    """Return the count of a class on this day (`rules.day_of`), as SQL."""
    days = day - COUNTS.c.counted_on
    return case((COUNTS.c.failures > days, COUNTS.c.failures - days), else_=0)


_KEY = {"subject": bindparam("of_subject"), "origin": bindparam("from_origin", type_=String)}
_FIRST = {"failures": 1, "last_failed_at": _at("now"), "key_id": bindparam("newest_id")}


def _count_in_origin() -> CompiledStatement:
    """Add a failure and block the origin as `rules.wait_after` says; no row comes back where it waits."""
    is_forgotten = COUNTS.c.last_failed_at <= _at("forgotten_before")
    following = COUNTS.c.failures + 1
    *waits, longest = ((following == failures, _at(f"wait_{failures}")) for failures in _WAITS)
    counted = insert(COUNTS).values(**_KEY, **_FIRST)
    return CompiledStatement(
        counted.on_conflict_do_update(
            index_elements=[COUNTS.c.subject, COUNTS.c.origin],
            set_={
                **_FIRST,
                "failures": case((is_forgotten, 1), else_=following),
                "blocked_until": case(
                    (or_(is_forgotten, following <= rules.FREE_FAILURES), null()), *waits, else_=longest[1]
                ),
            },
            where=or_(COUNTS.c.blocked_until.is_(None), COUNTS.c.blocked_until <= _at("now")),
        ).returning(COUNTS.c.failures, COUNTS.c.used_at)
    )


def _count_in_class() -> CompiledStatement:
    """Add a failure to what is left of those before; no row comes back where the class is stopped."""
    day, stops_at = bindparam("day", type_=Integer), bindparam("stops_at", type_=Integer)
    left = _remaining(day)
    may_tell = or_(COUNTS.c.told_at.is_(None), COUNTS.c.told_at <= _at("told_before"))
    counted = insert(COUNTS).values(**_KEY, **_FIRST, counted_on=day)
    return CompiledStatement(
        counted.on_conflict_do_update(
            index_elements=[COUNTS.c.subject, COUNTS.c.origin],
            set_={
                **_FIRST,
                "counted_on": day,
                "failures": left + 1,
                "told_at": case(((left + 1 == stops_at) & may_tell, _at("now")), else_=COUNTS.c.told_at),
            },
            where=left < stops_at,
        ).returning(COUNTS.c.failures, COUNTS.c.told_at)
    )


# Compiled once: they run at every sign-in, and to write them down costs more than to run them.
_COUNT_IN_ORIGIN, _COUNT_IN_CLASS = _count_in_origin(), _count_in_class()
_SIGNED_IN = CompiledStatement(
    update(COUNTS)
    .where(COUNTS.c.subject == bindparam("of_subject"))
    .where(COUNTS.c.origin.in_([_KEY["origin"], bindparam("of_class", type_=String)]))
    .values(
        failures=0,
        blocked_until=null(),
        used_at=case((COUNTS.c.origin == _KEY["origin"], _at("known_since")), else_=null()),
    )
)


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
        first = {"of_subject": subject, "now": now, "newest_id": self._secret_keys.newest_id}
        here = _COUNT_IN_ORIGIN.row(
            self._executor,
            {
                **first,
                "from_origin": origin,
                "forgotten_before": now - rules.FORGOTTEN_AFTER,
                **{f"wait_{failures}": now + wait for failures, wait in _WAITS.items()},
            },
        )
        if here is None:
            return self.state(email_key, origin, now)
        origin_class = rules.class_of(origin, here.used_at, now)
        counted = _COUNT_IN_CLASS.row(
            self._executor,
            {
                **first,
                "from_origin": origin_class.value,
                "day": rules.day_of(now),
                "stops_at": origin_class.stops_at,
                "told_before": now - rules.TOLD_AGAIN_AFTER,
            },
        )
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
                _remaining(rules.day_of(now)).label("left"),
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
        known_since = now if origin_class is not OriginClass.DEVICES else None
        whose = {"from_origin": origin, "of_class": origin_class.value, "known_since": known_since}
        for subject in self._subjects(email_key):
            _SIGNED_IN.row(self._executor, {"of_subject": subject, **whose})

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
        left = _remaining(rules.day_of(now))
        stopped = or_(*((COUNTS.c.origin == each.value) & (left >= each.stops_at) for each in OriginClass))
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
            is_class & (_remaining(rules.day_of(now)) == 0),
        )
        return delete_some(self._executor, COUNTS, forgotten, limit)

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
