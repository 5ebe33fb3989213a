"""The table of pushed requests."""

from datetime import datetime

from sqlalchemy import insert, select

from identity.oidc.authorization.models import PushedRequest
from identity.storage import Executor, delete_some, table_of

PUSHED = table_of(PushedRequest)


class PushedRequestStore:
    """The pushed requests."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add_request(
        self, digest: str, client_id: str, parameters: dict[str, list[str]], expires_at: datetime
    ) -> None:
        self._executor.execute(
            insert(PUSHED).values(
                digest=digest, client_id=client_id, parameters=parameters, expires_at=expires_at
            )
        )

    def find_request(self, digest: str, client_id: str, now: datetime) -> dict[str, list[str]] | None:
        """Return the parameters of this client's request, unless it has expired."""
        statement = select(PUSHED.c.parameters).where(
            PUSHED.c.digest == digest, PUSHED.c.client_id == client_id, PUSHED.c.expires_at > now
        )
        row = self._executor.execute(statement).one_or_none()
        return dict(row.parameters) if row else None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` expired requests; return how many."""
        return delete_some(self._executor, PUSHED, PUSHED.c.expires_at <= now, limit)
