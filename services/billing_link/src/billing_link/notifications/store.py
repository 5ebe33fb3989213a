"""The notices that wait, and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from billing_link import randomness
from billing_link.notifications.models import NoticeRow

# How long a claimed notice is left alone: longer than its delivery may take.
LEASE = timedelta(minutes=2)


class NoticeKind(StrEnum):
    """What a resident is told. Closed: identity has one mail for each."""

    LINKED = "utility_account_linked"
    AUTO_LINKED = "utility_account_auto_linked"
    LINKED_BY_OTHER = "utility_account_linked_by_other"
    UNLINKED = "utility_account_unlinked"


class NoticeState(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    # Given up: `last_error` says why.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, claimed for delivery."""

    notice_id: str
    kind: NoticeKind
    city_id: str
    subject: str
    details: Mapping[str, str]
    # This one included.
    attempts: int


class Notices:
    """Notices within an open transaction, or on an autocommit connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def queue(
        self, kind: NoticeKind, *, city_id: str, subject: str, details: Mapping[str, str], now: datetime
    ) -> None:
        """Queue a notice; it leaves only if the surrounding transaction commits."""
        self._connection.execute(
            insert(NoticeRow).values(
                id=randomness.identifier(),
                kind=kind.value,
                city_id=city_id,
                subject=subject,
                details=dict(details),
                state=NoticeState.WAITING.value,
                attempts=0,
                created_at=now,
                next_attempt_at=now,
                last_error="",
            )
        )

    def claim_due(self, now: datetime, most: int) -> list[Notice]:
        """Claim notices whose time has come, in one statement; no two couriers get the same one."""
        due = (
            select(NoticeRow.id)
            .where(NoticeRow.state == NoticeState.WAITING.value, NoticeRow.next_attempt_at <= now)
            .order_by(NoticeRow.next_attempt_at, NoticeRow.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        claimed = self._connection.execute(
            update(NoticeRow)
            .where(NoticeRow.id.in_(due.scalar_subquery()))
            .values(next_attempt_at=now + LEASE, attempts=NoticeRow.attempts + 1)
            .returning(
                NoticeRow.id,
                NoticeRow.kind,
                NoticeRow.city_id,
                NoticeRow.subject,
                NoticeRow.details,
                NoticeRow.attempts,
            )
        )
        return [
            Notice(r.id, NoticeKind(r.kind), r.city_id, r.subject, r.details, r.attempts) for r in claimed
        ]

    def delivered(self, notice_id: str, now: datetime) -> None:
        """Record the delivery and forget the facts."""
        self._finish(notice_id, NoticeState.DELIVERED, now, "")

    def given_up(self, notice_id: str, why: str) -> None:
        """Record that it will not be delivered, and forget the facts."""
        self._finish(notice_id, NoticeState.FAILED, None, why)

    def put_off(self, notice_id: str, until: datetime, why: str) -> None:
        """Record a failed attempt and when to try again."""
        self._connection.execute(
            update(NoticeRow)
            .where(NoticeRow.id == notice_id, NoticeRow.state == NoticeState.WAITING.value)
            .values(next_attempt_at=until, last_error=why)
        )

    def forget_delivered(self, before: datetime) -> int:
        """Delete delivered notices older than that; return how many."""
        gone = self._connection.execute(
            delete(NoticeRow).where(
                NoticeRow.state == NoticeState.DELIVERED.value, NoticeRow.delivered_at < before
            )
        )
        return gone.rowcount

    def _finish(self, notice_id: str, state: NoticeState, at: datetime | None, why: str) -> None:
        self._connection.execute(
            update(NoticeRow)
            .where(NoticeRow.id == notice_id)
            .values(state=state.value, delivered_at=at, details={}, last_error=why)
        )
