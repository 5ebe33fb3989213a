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
# Written in place of a message, so that whether there is one cannot be told by time.
UNSENT = "unsent"

# Longer than any delivery takes: after it another worker may claim the message.
LEASE = timedelta(minutes=1)
DELIVERED_KEPT = timedelta(days=7)
FAILED_KEPT = timedelta(days=90)
UNSENT_KEPT = timedelta(hours=1)


@dataclass(frozen=True)
class Outgoing:
    """A message that is to leave. Holds personal data and secrets."""

    # What may be slow in taking it: a client, a receiver, a mailbox provider. At most 255
    # characters, and no personal data.
    destination: str
    payload: str


@dataclass(frozen=True)
class ClaimedMessage:
    """A message that this worker alone may deliver until its lease of a minute is over."""

    id: str
    kind: str
    # As in `Outgoing`; empty for a message of the release before.
    destination: str
    # Encrypted with the secret keys.
    payload: str
    # How many attempts have been begun, this one included.
    attempts: int
    created_at: datetime
    claimed_at: datetime


@dataclass(frozen=True)
class Backlog:
    """The messages of one kind that were not delivered."""

    kind: str
    # When the one that has been due longest was due; None if none waits.
    due_at: datetime | None
    # Waiting after an attempt or for longer than they should, when the oldest of them was queued, and why one
    # was not delivered.
    delayed: int
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

    def queue(self, kind: str, messages: Sequence[Outgoing], *, is_sent: bool = True) -> list[str]:
        """Queue messages of a kind in one statement, to leave after the commit; return their identifiers.

        Without `is_sent` the same rows are written, and deleted after an hour without being delivered.
        """
        now = self._clock.now()
        rows = [
            {
                "id": randomness.identifier(),
                "kind": kind,
                "destination": message.destination,
                "payload": self._secret_keys.encrypt(message.payload),
                "state": WAITING if is_sent else UNSENT,
                "attempts": 0,
                "created_at": now,
                "next_attempt_at": now,
                "attempted_at": None,
                "delivered_at": None,
                "last_error": "",
            }
            for message in messages
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

    def claim_message(
        self, now: datetime, kinds: Collection[str], crowded: Collection[str] = ()
    ) -> ClaimedMessage | None:
        """Claim the message of these kinds that has been due longest, for a minute; None if none is due.

        Messages for a crowded destination stay. Of two claims at once each gets another message.
        """
        due = (
            select(OUTBOX.c.id)
            .where(OUTBOX.c.state == WAITING, OUTBOX.c.next_attempt_at <= now, OUTBOX.c.kind.in_(kinds))
            .where(OUTBOX.c.destination.not_in(crowded))
            .order_by(OUTBOX.c.next_attempt_at)
            .limit(1)
            # Without effect on SQLite, which has one writer at a time.
            .with_for_update(skip_locked=True)
        )
        row = self._executor.execute(
            update(OUTBOX)
            # `=`, not `IN`: PostgreSQL may run the subquery of an `IN` again and lock another message.
            .where(OUTBOX.c.id == due.scalar_subquery())
            .values(attempts=OUTBOX.c.attempts + 1, next_attempt_at=now + LEASE, attempted_at=now)
            .returning(
                OUTBOX.c.id,
                OUTBOX.c.kind,
                OUTBOX.c.destination,
                OUTBOX.c.payload,
                OUTBOX.c.attempts,
                OUTBOX.c.created_at,
                OUTBOX.c.attempted_at,
            )
        ).one_or_none()
        return ClaimedMessage(*row) if row else None

    def mark_delivered(self, claimed: ClaimedMessage, now: datetime) -> None:
        """Record the delivery and erase the payload."""
        self._finish(claimed, state=DELIVERED, payload="", delivered_at=now, last_error="")

    def postpone(self, claimed: ClaimedMessage, until: datetime, error: str) -> None:
        """Record the fault; the message is due again at `until`."""
        self._finish(claimed, next_attempt_at=until, last_error=error[:255])

    def release(self, claimed: ClaimedMessage, now: datetime, error: str) -> None:
        """Record the fault; the message is due as before, and this was no attempt at it."""
        self._finish(claimed, attempts=claimed.attempts - 1, next_attempt_at=now, last_error=error[:255])

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
            and_(OUTBOX.c.state == UNSENT, OUTBOX.c.created_at <= now - UNSENT_KEPT),
        )
        return delete_some(self._executor, OUTBOX, condition, limit)

    def waiting_payloads(self, limit: int) -> list[str]:
        """Return the encrypted payloads of messages that wait, the oldest first."""
        waiting = select(OUTBOX.c.payload).where(OUTBOX.c.state == WAITING)
        return list(self._executor.execute(waiting.order_by(OUTBOX.c.created_at).limit(limit)).scalars())

    def backlogs(self, failed_since: datetime, due_before: datetime) -> Sequence[Backlog]:
        """Return, by kind, what waits, and what was queued since then and given up; no kind without.

        What was due before `due_before` waits for longer than it should.
        """
        waits = OUTBOX.c.state == WAITING
        delayed = and_(waits, or_(OUTBOX.c.last_error != "", OUTBOX.c.next_attempt_at < due_before))
        failed = and_(OUTBOX.c.state == FAILED, OUTBOX.c.created_at >= failed_since)
        rows = self._executor.execute(
            select(
                OUTBOX.c.kind,
                func.min(OUTBOX.c.next_attempt_at).filter(waits),
                func.count().filter(delayed),
                func.min(OUTBOX.c.created_at).filter(delayed),
                func.max(OUTBOX.c.last_error).filter(delayed),
                func.count().filter(failed),
            )
            .where(or_(waits, failed))
            .group_by(OUTBOX.c.kind)
            .order_by(OUTBOX.c.kind)
        )
        return [Backlog(row[0], row[1], row[2], row[3], row[4] or "", row[5]) for row in rows]

    def last_attempt(self, kinds: Collection[str]) -> datetime | None:
        """Return when a worker last attempted a message of these kinds, of those that are kept."""
        moment: datetime | None = self._executor.scalar(
            select(func.max(OUTBOX.c.attempted_at)).where(OUTBOX.c.kind.in_(kinds))
        )
        return moment

    def _finish(self, claimed: ClaimedMessage, **values: object) -> None:
        """Write the outcome, unless the lease ran out and another worker has the message now."""
        self._executor.execute(
            update(OUTBOX)
            .where(OUTBOX.c.id == claimed.id, OUTBOX.c.state == WAITING)
            .where(OUTBOX.c.attempts == claimed.attempts, OUTBOX.c.attempted_at == claimed.claimed_at)
            .values(**values)
        )
