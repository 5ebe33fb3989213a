"""The table of spent identifiers."""

from datetime import datetime

from identity.oidc.protocol.models import SpentIdentifier
from identity.secret_keys import digest
from identity.storage import Executor, delete_some, insert_into, table_of

SPENT = table_of(SpentIdentifier)


class SpentIdentifiers:
    """Identifiers (`jti`) that work once."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def spend(self, purpose: str, owner: str, identifier: str, expires_at: datetime) -> bool:
        """Spend an identifier: True for exactly one of all that try before `expires_at`."""
        statement = (
            insert_into(self._executor, SPENT)
            .values(digest=digest(f"{purpose}\0{owner}\0{identifier}"), expires_at=expires_at)
            .on_conflict_do_nothing()
            .returning(SPENT.c.digest)
        )
        return self._executor.execute(statement).one_or_none() is not None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` identifiers of JWTs that have expired; return how many."""
        return delete_some(self._executor, SPENT, SPENT.c.expires_at <= now, limit)
