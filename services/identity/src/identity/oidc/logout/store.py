"""Queries on the grants: which clients got tokens in a session."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, or_, select

from identity.oidc.grants.models import Grant
from identity.oidc.grants.revocation import Cause
from identity.relying_parties.models import Client
from identity.storage import Executor, table_of

GRANT = table_of(Grant)
CLIENT = table_of(Client)


@dataclass(frozen=True)
class Participation:
    """A client that got tokens in a resident's session and registered a back-channel logout URL."""

    client_id: str
    resident_id: str
    session_id: str


_PARTICIPATIONS = (
    select(GRANT.c.client_id, GRANT.c.resident_id, GRANT.c.session_id)
    .join_from(GRANT, CLIENT, CLIENT.c.id == GRANT.c.client_id)
    .where(
        GRANT.c.code_spent_at.is_not(None),
        CLIENT.c.backchannel_logout_uri.is_not(None),
        CLIENT.c.disabled_at.is_(None),
    )
    .distinct()
    .order_by(GRANT.c.session_id, GRANT.c.client_id)
)


class Participations:
    """The clients of sessions."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def list_in_sessions(self, session_ids: Collection[str]) -> list[Participation]:
        """Return the clients of these sessions, without those whose access the resident removed earlier.

        Those clients got their logout when their access was removed.
        """
        kept = or_(GRANT.c.revoked_for.is_(None), GRANT.c.revoked_for != Cause.ACCESS_REMOVED.value)
        return self._read(_PARTICIPATIONS.where(GRANT.c.session_id.in_(session_ids), kept))

    def list_of_client(self, client_id: str, session_ids: Collection[str]) -> list[Participation]:
        """Return those of these sessions in which the client got tokens."""
        chosen = GRANT.c.session_id.in_(session_ids), GRANT.c.client_id == client_id
        return self._read(_PARTICIPATIONS.where(*chosen))

    def _read(self, statement: Select[tuple[str, str, str]]) -> list[Participation]:
        rows = self._executor.execute(statement)
        return [Participation(row.client_id, row.resident_id, row.session_id) for row in rows]
