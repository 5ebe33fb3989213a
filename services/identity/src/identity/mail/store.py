"""Addresses that the mail server refused, in the database."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from identity.mail.models import RefusedAddress
from identity.storage import Executor, delete_some, insert_into, table_of

REFUSED = table_of(RefusedAddress)
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Refusal:
    """That the mail server took no mail for an address."""

    # Its codes, such as `550 5.1.1`.
    reply: str
    refused_at: datetime


class RefusedAddresses:
    """The refused addresses, named by `Address.key`; on a transaction or an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add_refusal(self, address_key: str, reply: str, now: datetime) -> None:
        """Record that the address was refused; the last refusal counts."""
        values = {"reply": reply[:16], "refused_at": now}
        statement = insert_into(self._executor, REFUSED).values(address_digest=_digest(address_key), **values)
        self._executor.execute(
            statement.on_conflict_do_update(index_elements=[REFUSED.c.address_digest], set_=values)
        )

    def find_refusal(self, address_key: str) -> Refusal | None:
        """Return the last refusal, unless mail was taken after it."""
        row = self._executor.execute(
            select(REFUSED.c.reply, REFUSED.c.refused_at).where(
                REFUSED.c.address_digest == _digest(address_key)
            )
        ).first()
        return Refusal(row.reply, row.refused_at) if row else None

    def delete_refusal(self, address_key: str) -> None:
        """Forget the refusal: mail was taken, or the address is deleted."""
        self._executor.execute(delete(REFUSED).where(REFUSED.c.address_digest == _digest(address_key)))

    def count_by_reply(self, since: datetime) -> dict[str, int]:
        """Return how many addresses were refused since then, by the reply's codes."""
        rows = self._executor.execute(
            select(REFUSED.c.reply, func.count())
            .where(REFUSED.c.refused_at >= since)
            .group_by(REFUSED.c.reply)
            .order_by(REFUSED.c.reply)
        )
        return {row[0]: row[1] for row in rows}

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` refusals of a month ago; return how many."""
        return delete_some(self._executor, REFUSED, REFUSED.c.refused_at <= now - KEPT, limit)


def _digest(address_key: str) -> str:
    return hashlib.sha256(address_key.encode()).hexdigest()
