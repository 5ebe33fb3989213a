"""Which clients took part in a session, and what a resident allowed one of them: read off the grants."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update

from identity.oidc.grants.models import Grant
from identity.relying_parties.models import Client
from identity.storage import Executor, table_of

GRANT = table_of(Grant)
CLIENT = table_of(Client)


@dataclass(frozen=True)
class Participation:
    """A client that got tokens in a resident's session, and wants to be told when it ends."""

    client_id: str
    resident_id: str
    session_id: str


class Participations:
    """The parts that clients have in sessions."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def of(self, session_ids: Collection[str], *, unless_revoked_for: str) -> list[Participation]:
        """Return the clients that got tokens in these sessions and take back-channel logouts."""
        statement = (
            select(GRANT.c.client_id, GRANT.c.resident_id, GRANT.c.session_id)
            .join_from(GRANT, CLIENT, CLIENT.c.id == GRANT.c.client_id)
            .where(
                GRANT.c.session_id.in_(session_ids),
                GRANT.c.code_spent_at.is_not(None),
                or_(GRANT.c.revoked_for.is_(None), GRANT.c.revoked_for != unless_revoked_for),
                CLIENT.c.backchannel_logout_uri.is_not(None),
                CLIENT.c.disabled_at.is_(None),
            )
            .distinct()
            .order_by(GRANT.c.session_id, GRANT.c.client_id)
        )
        return [Participation(*row) for row in self._executor.execute(statement)]

    def revoke(self, resident_id: str, client_id: str, reason: str, now: datetime) -> list[Participation]:
        """End all that the resident allowed the client; return its parts in sessions, as `of` does."""
        statement = (
            update(GRANT)
            .where(
                GRANT.c.resident_id == resident_id,
                GRANT.c.client_id == client_id,
                GRANT.c.revoked_at.is_(None),
            )
            .values(revoked_at=now, revoked_for=reason)
            .returning(GRANT.c.session_id)
        )
        session_ids = {row.session_id for row in self._executor.execute(statement)}
        found = self.of(session_ids, unless_revoked_for="")
        return [one for one in found if one.client_id == client_id]
