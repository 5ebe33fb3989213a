"""What a client that is no more leaves behind."""

from datetime import datetime

from sqlalchemy import update

from identity.oidc.grants.models import Grant
from identity.storage import Executor, table_of

GRANT = table_of(Grant)


class GrantsOfClients:
    """The grants, by client."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def revoke_all(self, client_id: str, reason: str, now: datetime) -> None:
        """End every grant of the client, and everything handed out on them."""
        self._executor.execute(
            update(GRANT)
            .where(GRANT.c.client_id == client_id, GRANT.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_for=reason)
        )
