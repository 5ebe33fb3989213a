"""Request counters in the database."""

from datetime import datetime, timedelta

from sqlalchemy import case, literal, select, update

from identity.rate_limits.models import RequestCount
from identity.storage import Executor, delete_some, insert_into, table_of

COUNTS = table_of(RequestCount)


class RequestCounts:
    """The counters, on a connection where every statement commits by itself."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def count_request(self, action: str, asker: str, window: timedelta, now: datetime) -> int:
        """Count one request and return how many there are in its window, in one atomic statement."""
        over = COUNTS.c.expires_at <= now
        statement = (
            insert_into(self._executor, COUNTS)
            .values(action=action, asker=asker, requests=1, expires_at=now + window)
            .on_conflict_do_update(
                index_elements=[COUNTS.c.action, COUNTS.c.asker],
                set_={
                    "requests": case((over, 1), else_=COUNTS.c.requests + 1),
                    "expires_at": case((over, now + window), else_=COUNTS.c.expires_at),
                },
            )
            .returning(COUNTS.c.requests)
        )
        requests: int = self._executor.execute(statement).scalar_one()
        return requests

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
