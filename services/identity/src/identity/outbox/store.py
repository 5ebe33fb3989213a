"""Messages to the outside in the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, insert, or_, select, update

from identity import randomness
from identity.clock import Clock
from identity.outbox.models import OutboxMessage
from identity.secret_keys import SecretKeys
from identity.storage import Executor, delete_some, table_of

OUTBOX = table_of(OutboxMessage)

WAITING, DELIVERED, FAILED, DROPPED = "waiting", "delivered", "failed", "dropped"

# Longer than any delivery takes: after it another worker may claim the message.
LEASE = timedelta(minutes=5)
DELIVERED_KEPT = timedelta(days=7)
FAILED_KEPT = timedelta(days=90)


@dataclass(frozen=True)
class ClaimedMessage:
    """A message that this worker alone may deliver until its lease of five minutes is over."""

    id: str
    kind: str
    # Encrypted with the secret keys.
    payload: str
    # How many attempts have been begun, this one included.
    attempts: int
    created_at: datetime


@dataclass(frozen=True)
class Backlog:
    """The messages of one kind that were not delivered."""

    kind: str
    # When the one that has been due longest was due; None if none waits.
    due_at: datetime | None
    # Waiting after at least one attempt, when the oldest of them was queued, and why one was not delivered.
    retried: int
    oldest_at: datetime | None
    last_fault: str
    # Given up.
    failed: int


class Outbox:
    """Queues messages, in the transaction of their cause."""

    def __init__(self, executor: Executor, secret_keys: SecretKeys, clock: Clock) -> None:
        self._executor = executor
        self._secret_keys = secret_keys
        self._clock = clock

    def queue(self, kind: str, payloads: Sequence[str]) -> list[str]:
        """Queue messages of a kind in one statement, to leave after the commit; return their identifiers."""
        now = self._clock.now()
        rows = [
            {
                "id": randomness.identifier(),
                "kind": kind,
                "payload": self._secret_keys.encrypt(payload),
                "state": WAITING,
                "attempts": 0,
                "created_at": now,
                "next_attempt_at": now,
                "delivered_at": None,
                "last_error": "",
            }
            for payload in payloads
        ]
        if rows:
            self._executor.execute(insert(OUTBOX), rows)
        return [str(row["id"]) for row in rows]

    def take_back(self, message_id: str) -> None:
        """Delete a message that was queued in this transaction."""
        self._executor.execute(delete(OUTBOX).where(OUTBOX.c.id == message_id))


class Deliveries:
    """Claims messages and records what became of them; for the worker, on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def claim_message(self, now: datetime, kinds: Collection[str]) -> ClaimedMessage | None:
        """Claim the message of these kinds that has been due longest, for five minutes; None if none is due.

        Of two claims at once each gets another message.
        """
        due = (
            select(OUTBOX.c.id)
            .where(OUTBOX.c.state == WAITING, OUTBOX.c.next_attempt_at <= now, OUTBOX.c.kind.in_(kinds))
            .order_by(OUTBOX.c.next_attempt_at)
            .limit(1)
            # Without effect on SQLite, which has one writer at a time.
            .with_for_update(skip_locked=True)
        )
        row = self._executor.execute(
            update(OUTBOX)
            # `=`, not `IN`: PostgreSQL may run the subquery of an `IN` again and lock another message.
            .where(OUTBOX.c.id == due.scalar_subquery())
            .values(attempts=OUTBOX.c.attempts + 1, next_attempt_at=now + LEASE)
            .returning(OUTBOX.c.id, OUTBOX.c.kind, OUTBOX.c.payload, OUTBOX.c.attempts, OUTBOX.c.created_at)
        ).one_or_none()
        return ClaimedMessage(row.id, row.kind, row.payload, row.attempts, row.created_at) if row else None

    def mark_delivered(self, claimed: ClaimedMessage, now: datetime) -> None:
        """Record the delivery and erase the payload."""
        self._finish(claimed, state=DELIVERED, payload="", delivered_at=now, last_error="")

    def postpone(self, claimed: ClaimedMessage, until: datetime, error: str) -> None:
        """Record the fault; the message is due again at `until`."""
        self._finish(claimed, next_attempt_at=until, last_error=error[:255])

    def give_up(self, claimed: ClaimedMessage, error: str) -> None:
        """Record the fault and stop trying: the message stays, as `failed`."""
        self._finish(claimed, state=FAILED, last_error=error[:255])

    def drop(self, claimed: ClaimedMessage, reason: str) -> None:
        """Record why the message is no longer worth delivering, and erase the payload."""
        self._finish(claimed, state=DROPPED, payload="", last_error=reason[:255])

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` messages delivered a week ago, or given up 90 days ago; return how many.

        A dropped message counts as given up.
        """
        condition = or_(
            and_(OUTBOX.c.state == DELIVERED, OUTBOX.c.delivered_at <= now - DELIVERED_KEPT),
            and_(OUTBOX.c.state.in_([FAILED, DROPPED]), OUTBOX.c.created_at <= now - FAILED_KEPT),
        )
        return delete_some(self._executor, OUTBOX, condition, limit)

    def waiting_payloads(self, limit: int) -> list[str]:
        """Return the encrypted payloads of messages that wait, the oldest first."""
        waiting = select(OUTBOX.c.payload).where(OUTBOX.c.state == WAITING)
        return list(self._executor.execute(waiting.order_by(OUTBOX.c.created_at).limit(limit)).scalars())

    def backlogs(self, failed_since: datetime) -> Sequence[Backlog]:
        """Return, by kind, what waits, and what was queued since then and given up; no kind without."""
        waits = OUTBOX.c.state == WAITING
        retried = and_(waits, OUTBOX.c.attempts > 0, OUTBOX.c.last_error != "")
        failed = and_(OUTBOX.c.state == FAILED, OUTBOX.c.created_at >= failed_since)
        rows = self._executor.execute(
            select(
                OUTBOX.c.kind,
                func.min(OUTBOX.c.next_attempt_at).filter(waits),
                func.count().filter(retried),
                func.min(OUTBOX.c.created_at).filter(retried),
                func.max(OUTBOX.c.last_error).filter(retried),
                func.count().filter(failed),
            )
            .where(or_(waits, failed))
            .group_by(OUTBOX.c.kind)
            .order_by(OUTBOX.c.kind)
        )
        return [Backlog(row[0], row[1], row[2], row[3], row[4] or "", row[5]) for row in rows]

    def _finish(self, claimed: ClaimedMessage, **values: object) -> None:
        """Write the outcome, unless the lease ran out and another worker has the message now."""
        self._executor.execute(
            update(OUTBOX)
            .where(OUTBOX.c.id == claimed.id, OUTBOX.c.attempts == claimed.attempts)
            .where(OUTBOX.c.state == WAITING)
            .values(**values)
        )
