"""Request counters and allowances of mail in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, case, delete, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from identity.compiled_statements import CompiledStatement
from identity.rate_limits.models import MailAllowance, RequestCount
from identity.storage import Executor, UtcDateTime, delete_some, insert_into, table_of

COUNTS = table_of(RequestCount)
ALLOWANCES = table_of(MailAllowance)
_MOMENT = UtcDateTime()
_NOW, _ENDS_AT = bindparam("now", type_=_MOMENT), bindparam("ends_at", type_=_MOMENT)
_IS_OVER = COUNTS.c.expires_at <= _NOW
# Compiled once: it runs at every sign-in.
_COUNT_REQUEST = CompiledStatement(
    insert(COUNTS)
    .values(action=bindparam("counted"), asker=bindparam("by"), requests=1, expires_at=_ENDS_AT)
    .on_conflict_do_update(
        index_elements=[COUNTS.c.action, COUNTS.c.asker],
        set_={
            "requests": case((_IS_OVER, 1), else_=COUNTS.c.requests + 1),
            "expires_at": case((_IS_OVER, _ENDS_AT), else_=COUNTS.c.expires_at),
        },
    )
    .returning(COUNTS.c.requests, COUNTS.c.expires_at)
)


@dataclass(frozen=True)
class Counted:
    """The requests in the current window, and its end."""

    requests: int
    ends_at: datetime


class RequestCounts:
    """The counters, within one transaction or on a connection where every statement commits by itself."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def count_request(self, action: str, asker: str, window: timedelta, now: datetime) -> Counted:
        """Count one request in its window, in one atomic statement."""
        counted = {"counted": str(action), "by": asker, "now": now, "ends_at": now + window}
        row = _COUNT_REQUEST.row(self._executor, counted)
        return Counted(row.requests, row.expires_at)

    def take_over(self, action: str, older: str, newest: str) -> None:
        """Let the newest key name the asker that an older one named (`SecretKeys.keyed_digests`)."""
        named_already = COUNTS.alias()
        self._executor.execute(
            update(COUNTS)
            .where(COUNTS.c.action == action, COUNTS.c.asker == older)
            .where(
                ~select(literal(1))
                .where(named_already.c.action == action, named_already.c.asker == newest)
                .exists()
            )
            .values(asker=newest)
        )

    def give_back_request(self, action: str, asker: str, now: datetime) -> None:
        """Count one request less in its window."""
        this = (COUNTS.c.action == action) & (COUNTS.c.asker == asker)
        self._executor.execute(
            update(COUNTS)
            .where(this, COUNTS.c.expires_at > now, COUNTS.c.requests > 0)
            .values(requests=COUNTS.c.requests - 1)
        )

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` counters whose window is over; return how many."""
        return delete_some(self._executor, COUNTS, COUNTS.c.expires_at <= now, limit)


class MailAllowances:
    """What may be mailed to each address, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def count_mail(
        self,
        address: str,
        topic: str,
        *,
        serves: Sequence[timedelta],
        most: int,
        lasts: timedelta,
        now: datetime,
    ) -> int | None:
        """Take a place for a mail and return how many there are in its row, or None if there is no place.

        One atomic statement: of any number at once as many get a place as there are. There is one if the
        newest mail of the topic no longer serves, or if fewer than `most` were sent; none while they are
        stopped. The mail serves as `serves` says of the first, second, … in the row, which ends after `lasts`
        without a mail.
        """
        until, is_over = ALLOWANCES.c[f"{topic}_until"], ALLOWANCES.c.expires_at <= now
        mails = case((is_over, 1), else_=ALLOWANCES.c.mails + 1)
        *steps, longest = (literal(now + served, _MOMENT) for served in serves)
        taken: int | None = self._executor.scalar(
            insert_into(self._executor, ALLOWANCES)
            .values(address=address, mails=1, expires_at=now + lasts, **{f"{topic}_until": now + serves[0]})
            .on_conflict_do_update(
                index_elements=[ALLOWANCES.c.address],
                set_={
                    "mails": mails,
                    "expires_at": now + lasts,
                    f"{topic}_until": case(
                        *((mails == number, step) for number, step in enumerate(steps, 1)), else_=longest
                    ),
                },
                where=and_(
                    or_(ALLOWANCES.c.stopped_until.is_(None), ALLOWANCES.c.stopped_until <= now),
                    or_(until.is_(None), until <= now, mails <= most),
                ),
            )
            .returning(ALLOWANCES.c.mails)
        )
        return taken

    def take_over(self, older: str, newest: str) -> None:
        """Let the newest key name the address that an older one named (`SecretKeys.keyed_digests`)."""
        named_already = ALLOWANCES.alias()
        is_free = ~select(literal(1)).where(named_already.c.address == newest).exists()
        self._executor.execute(
            update(ALLOWANCES).where(ALLOWANCES.c.address == older, is_free).values(address=newest)
        )

    def stopped_until(self, address: str) -> datetime | None:
        """Return the end of the stop, past or not; None without any."""
        until: datetime | None = self._executor.scalar(
            select(ALLOWANCES.c.stopped_until).where(ALLOWANCES.c.address == address)
        )
        return until

    def stop(self, address: str, until: datetime) -> None:
        """Let there be no place until then."""
        stopped = {"stopped_until": until, "expires_at": until}
        self._executor.execute(
            insert_into(self._executor, ALLOWANCES)
            .values(address=address, mails=0, **stopped)
            .on_conflict_do_update(index_elements=[ALLOWANCES.c.address], set_=stopped)
        )

    def forget(self, address: str) -> None:
        """Delete what was counted, and the stop."""
        self._executor.execute(delete(ALLOWANCES).where(ALLOWANCES.c.address == address))

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` allowances whose row of mails is over; return how many."""
        return delete_some(self._executor, ALLOWANCES, ALLOWANCES.c.expires_at <= now, limit)
