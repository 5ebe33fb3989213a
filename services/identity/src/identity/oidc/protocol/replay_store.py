"""Identifiers that work once (`jti`, pushed requests), and the table of those that were spent.

A request is verified whole before anything of it is spent, and all that works once in it is spent in one
transaction with what the request yields. So a challenge (`use_dpop_nonce`), a refusal and a failing database
spend nothing: the client repeats the request as it is (RFC 9449 §8).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from identity.oidc.protocol.models import SpentIdentifier
from identity.secret_keys import digest
from identity.storage import Executor, Storage, Transaction, delete_some, insert_into, table_of

SPENT = table_of(SpentIdentifier)
T = TypeVar("T")


@dataclass(frozen=True)
class SingleUse:
    """An identifier that works once. It was verified, and is not spent yet."""

    digest: str
    # How long it is remembered after it was spent: longer than it is accepted.
    expires_at: datetime
    # What is raised where another request spent it first.
    refusal: Exception


def single_use(
    purpose: str, owner: str, identifier: str, expires_at: datetime, refusal: Exception
) -> SingleUse:
    """Return the use of an identifier, which counts for this purpose and owner alone."""
    return SingleUse(digest(f"{purpose}\0{owner}\0{identifier}"), expires_at, refusal)


class SpentIdentifiers:
    """Identifiers that were spent."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def is_spent(self, use: SingleUse) -> bool:
        """Tell whether the identifier was spent."""
        statement = SPENT.select().where(SPENT.c.digest == use.digest)
        return self._executor.execute(statement).one_or_none() is not None

    def spend(self, use: SingleUse) -> bool:
        """Spend an identifier: True for exactly one of all that try."""
        statement = (
            insert_into(self._executor, SPENT)
            .values(digest=use.digest, expires_at=use.expires_at)
            .on_conflict_do_nothing()
            .returning(SPENT.c.digest)
        )
        return self._executor.execute(statement).one_or_none() is not None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` identifiers that are no longer accepted; return how many."""
        return delete_some(self._executor, SPENT, SPENT.c.expires_at <= now, limit)


def check_unspent(storage: Storage, use: SingleUse) -> None:
    """Raise the use's refusal if it was spent before. It is not spent by this."""
    with storage.autocommit() as connection:
        if SpentIdentifiers(connection).is_spent(use):
            raise use.refusal


def spend(executor: Executor, uses: Iterable[SingleUse]) -> None:
    """Spend these; raises the refusal of the first that another request spent."""
    for use in uses:
        if not SpentIdentifiers(executor).spend(use):
            raise use.refusal


def spend_alone(storage: Storage, uses: Sequence[SingleUse]) -> None:
    """Spend these for a request that claims nothing else; raises as `spend`."""
    if uses:
        with storage.transaction() as tx:
            spend(tx, uses)


@contextmanager
def spending(storage: Storage, uses: Sequence[SingleUse]) -> Iterator[Executor]:
    """Lend an executor to claim what a request yields: with `uses`, a transaction that has spent them.

    Raises as `spend`; then, and if anything is raised inside, nothing is spent.
    """
    if not uses:
        with storage.autocommit() as connection:
            yield connection
        return
    with storage.transaction() as tx:
        spend(tx, uses)
        yield tx


def claim_with(
    storage: Storage, uses: Sequence[SingleUse], claim: Callable[[Executor], T | None]
) -> T | None:
    """Return what `claim` yields, and spend `uses` with it; nothing is spent where it yields None.

    Raises as `spend`.
    """
    with spending(storage, uses) as executor:
        claimed = claim(executor)
        if claimed is None and isinstance(executor, Transaction):
            executor.rollback()
        return claimed
