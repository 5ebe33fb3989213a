"""All SQL of notifications: their rows, claiming, and recording the outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection

from billing_link import randomness
from billing_link.new_rows import NewRow
from billing_link.notifications.models import NotificationRow

# How long a claim lasts: longer than one delivery may take.
LEASE = timedelta(minutes=1)


class NotificationKind(StrEnum):
    """The kinds of notification. Closed: identity has one mail for each."""

    LINKED = "utility_account_linked"
    AUTO_LINKED = "utility_account_auto_linked"
    LINKED_BY_OTHER = "utility_account_linked_by_other"
    UNLINKED = "utility_account_unlinked"


class NotificationState(StrEnum):
    """The state of a notification."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    # Not tried again: `last_error` says why.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification, claimed for delivery. Personal data."""

    notification_id: str
    kind: NotificationKind
    city_id: str
    subject: str
    details: Mapping[str, str]
    # Including the current one.
    attempts: int


def new_notification(
    kind: NotificationKind, *, city_id: str, subject: str, details: Mapping[str, str], now: datetime
) -> NewRow:
    """Return the row of a notification; it is delivered only if the transaction that adds it commits."""
    return NewRow(
        NotificationRow,
        {
            "id": randomness.identifier(),
            "kind": kind.value,
            "city_id": city_id,
            "subject": subject,
            "details": dict(details),
            "state": NotificationState.WAITING.value,
            "attempts": 0,
            "created_at": now,
            "next_attempt_at": now,
            "last_error": "",
        },
    )


class Notifications:
    """Notifications within an open transaction, or on an autocommit connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim_due(self, now: datetime, most: int) -> list[Notification]:
        """Claim up to `most` due notifications, in one statement: two processes never claim the same one."""
        due = (
            select(NotificationRow.id)
            .where(
                NotificationRow.state == NotificationState.WAITING.value,
                NotificationRow.next_attempt_at <= now,
            )
            .order_by(NotificationRow.next_attempt_at, NotificationRow.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        claimed = self._connection.execute(
            update(NotificationRow)
            .where(NotificationRow.id.in_(due.scalar_subquery()))
            .values(next_attempt_at=now + LEASE, attempts=NotificationRow.attempts + 1)
            .returning(
                NotificationRow.id,
                NotificationRow.kind,
                NotificationRow.city_id,
                NotificationRow.subject,
                NotificationRow.details,
                NotificationRow.attempts,
            )
        )
        return [
            Notification(r.id, NotificationKind(r.kind), r.city_id, r.subject, r.details, r.attempts)
            for r in claimed
        ]

    def record_delivered(self, claimed: Notification, now: datetime) -> None:
        """Record the delivery and delete the facts."""
        self._finish(
            claimed,
            state=NotificationState.DELIVERED.value,
            delivered_at=now,
            details={},
            last_error="",
        )

    def record_failed(self, claimed: Notification, why: str) -> None:
        """Record that it is not tried again, and delete the facts."""
        self._finish(claimed, state=NotificationState.FAILED.value, details={}, last_error=why)

    def schedule_retry(self, claimed: Notification, until: datetime, why: str) -> None:
        """Record a failed attempt and the time of the next one."""
        self._finish(claimed, next_attempt_at=until, last_error=why)

    def release(self, claimed: Notification, now: datetime, why: str) -> None:
        """Give the claim back: it is due as before, and this was no attempt at it."""
        self._finish(claimed, attempts=claimed.attempts - 1, next_attempt_at=now, last_error=why)

    def delete_delivered(self, before: datetime) -> int:
        """Delete the notifications delivered before this time; return how many."""
        gone = self._connection.execute(
            delete(NotificationRow).where(
                NotificationRow.state == NotificationState.DELIVERED.value,
                NotificationRow.delivered_at < before,
            )
        )
        return gone.rowcount

    def _finish(self, claimed: Notification, **values: object) -> None:
        """Write the outcome, unless the lease ran out and another process has the notification now."""
        self._connection.execute(
            update(NotificationRow)
            .where(
                NotificationRow.id == claimed.notification_id,
                NotificationRow.attempts == claimed.attempts,
                NotificationRow.state == NotificationState.WAITING.value,
            )
            .values(**values)
        )
