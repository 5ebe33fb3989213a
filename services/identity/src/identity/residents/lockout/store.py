"""Failure counters in the database.

Two ways to use them: `state`, then `record_failure` after a wrong password; or `count_attempt` alone,
which counts before the check and is the safer one. Of a hundred guesses at once, `state` lets all through to
the check, `count_attempt` only as many as are left. A right password is followed by `clear_failures`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, case, delete, literal, or_, select

from identity.residents.lockout import rules
from identity.residents.lockout.models import FailureCount
from identity.secret_keys import SecretKeys
from identity.storage import Executor, UtcDateTime, delete_some, insert_into, table_of

COUNTS = table_of(FailureCount)
IN_ALL = "all"
_MOMENT = UtcDateTime()


class Status(StrEnum):
    """Whether an attempt may be made."""

    OPEN = "open"
    WAIT = "wait"
    # Until the password is reset.
    STOPPED = "stopped"


@dataclass(frozen=True)
class LockoutState:
    """Whether one address may be tried from one origin. Never shown on a page (product decision 4)."""

    status: Status
    # When the wait is over.
    until: datetime | None = None
    # This failure began the wait of 15 minutes, or the stop: its owner is to be mailed.
    just_locked: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether an attempt may be made now."""
        return self.status is Status.OPEN


class Lockout:
    """The counters, within one transaction or on an autocommit connection.

    Addresses are given in their compared form (`Address.key`) and stored as a keyed digest. Those without an
    account are counted alike.
    """

    def __init__(self, executor: Executor, secret_keys: SecretKeys) -> None:
        self._executor = executor
        self._secret_keys = secret_keys

    def state(self, email_key: str, origin: str, now: datetime) -> LockoutState:
        """Tell whether an attempt may be made; writes nothing."""
        rows = self._executor.execute(
            select(COUNTS.c.origin, COUNTS.c.failures, COUNTS.c.blocked_until).where(
                COUNTS.c.subject == self._subject(email_key), COUNTS.c.origin.in_([origin, IN_ALL])
            )
        )
        counts = {row.origin: row for row in rows}
        if IN_ALL in counts and counts[IN_ALL].failures >= rules.stops_at(origin):
            return LockoutState(Status.STOPPED)
        until = counts[origin].blocked_until if origin in counts else None
        return LockoutState(Status.WAIT, until=until) if until and until > now else LockoutState(Status.OPEN)

    def count_attempt(self, email_key: str, origin: str, now: datetime) -> LockoutState:
        """Count an attempt as failed before its password is checked; check it only if the state is open.

        `just_locked` in an open state means that the address is locked if the password is wrong.
        """
        counted = self._count(email_key, origin, now)
        return counted or self.state(email_key, origin, now)

    def record_failure(self, email_key: str, origin: str, now: datetime) -> LockoutState:
        """Count a failure, unless it falls into a wait; return the state after it."""
        counted = self._count(email_key, origin, now)
        lockout_state = self.state(email_key, origin, now)
        return LockoutState(
            lockout_state.status, lockout_state.until, just_locked=bool(counted and counted.just_locked)
        )

    def clear_failures(self, email_key: str, origin: str | None = None) -> None:
        """Delete the counts: after a sign-in of its `origin` and in all; after a reset, without it, all.

        After a sign-in the wait of a stranger at another origin goes on.
        """
        statement = delete(COUNTS).where(COUNTS.c.subject == self._subject(email_key))
        if origin is not None:
            statement = statement.where(COUNTS.c.origin.in_([origin, IN_ALL]))
        self._executor.execute(statement)

    def is_locked(self, email_key: str, now: datetime) -> bool:
        """Tell whether any origin waits at this address: what "Unlock account?" ends."""
        locked = select(literal(1)).where(
            COUNTS.c.subject == self._subject(email_key),
            or_(
                COUNTS.c.blocked_until > now,
                (COUNTS.c.origin == IN_ALL) & (COUNTS.c.failures >= rules.STOP_STRANGERS_AT),
            ),
        )
        return self._executor.execute(locked.limit(1)).first() is not None

    def worst_status(self, email_key: str, now: datetime) -> Status:
        """Return the status of the origin of this address that is worst off; for staff, never for a page."""
        rows = self._executor.execute(
            select(COUNTS.c.origin, COUNTS.c.failures, COUNTS.c.blocked_until).where(
                COUNTS.c.subject == self._subject(email_key)
            )
        ).all()
        if any(row.origin == IN_ALL and row.failures >= rules.STOP_STRANGERS_AT for row in rows):
            return Status.STOPPED
        waits = any(row.blocked_until and row.blocked_until > now for row in rows)
        return Status.WAIT if waits else Status.OPEN

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` counters that no rule reads any more; return how many."""
        forgotten = or_(
            (COUNTS.c.origin != IN_ALL) & (COUNTS.c.last_failed_at <= now - rules.FORGOTTEN_AFTER),
            (COUNTS.c.origin == IN_ALL)
            & (COUNTS.c.failures < rules.STOP_STRANGERS_AT)
            & (COUNTS.c.last_failed_at <= now - rules.TOTAL_FORGOTTEN_AFTER),
        )
        return delete_some(self._executor, COUNTS, forgotten, limit)

    def _count(self, email_key: str, origin: str, now: datetime) -> LockoutState | None:
        """Add a failure from this origin and one in all, each in one statement; None if it does not count."""
        subject = self._subject(email_key)
        before = COUNTS.c.failures
        is_fresh = COUNTS.c.last_failed_at <= now - rules.FORGOTTEN_AFTER
        here = self._add(
            subject,
            origin,
            now,
            failures=case((is_fresh, 1), else_=before + 1),
            blocked_until=case((is_fresh, literal(None, _MOMENT)), else_=_blocked_until(before, now)),
            only_if=or_(COUNTS.c.blocked_until.is_(None), COUNTS.c.blocked_until <= now),
        )
        if here is None:
            return None
        in_all = self._add(
            subject,
            IN_ALL,
            now,
            failures=before + 1,
            blocked_until=literal(None, _MOMENT),
            only_if=before < rules.stops_at(origin),
        )
        if in_all is None:
            return None
        return LockoutState(
            Status.OPEN, just_locked=here == rules.LOCK_AT or in_all == rules.stops_at(origin)
        )

    def _add(
        self,
        subject: str,
        origin: str,
        now: datetime,
        *,
        failures: ColumnElement[int],
        blocked_until: ColumnElement[datetime | None],
        only_if: ColumnElement[bool],
    ) -> int | None:
        """Return the count after adding to it; None if `only_if` does not hold."""
        statement = insert_into(self._executor, COUNTS).values(
            subject=subject, origin=origin, failures=1, last_failed_at=now, blocked_until=None
        )
        count: int | None = self._executor.scalar(
            statement.on_conflict_do_update(
                index_elements=[COUNTS.c.subject, COUNTS.c.origin],
                set_={"failures": failures, "last_failed_at": now, "blocked_until": blocked_until},
                where=only_if,
            ).returning(COUNTS.c.failures)
        )
        return count

    def _subject(self, email_key: str) -> str:
        return self._secret_keys.keyed_digest("lockout", email_key)


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
