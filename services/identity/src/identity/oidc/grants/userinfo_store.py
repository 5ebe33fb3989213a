"""What userinfo tells of a grant's resident: one statement, which decides whether the grant's tokens work."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select

from identity.compiled_statements import CompiledStatement
from identity.oidc.grants.store import GRANT, PASSWORD, RESIDENT, SESSION
from identity.storage import Executor


@dataclass(frozen=True)
class UserInfoGrant:
    """A grant whose tokens work, and its resident. Holds personal data."""

    client_id: str
    resident_id: str
    userinfo_claims: tuple[str, ...]
    email: str | None
    email_verified: bool
    given_name: str
    family_name: str
    language: str


_NOW = bindparam("now", type_=SESSION.c.expires_at.type)
# As `Grants.is_alive` tells.
_READ = CompiledStatement(
    select(
        GRANT.c.client_id,
        GRANT.c.resident_id,
        GRANT.c.userinfo_claims,
        RESIDENT.c.email,
        RESIDENT.c.email_verified_at.is_not(None).label("email_verified"),
        RESIDENT.c.given_name,
        RESIDENT.c.family_name,
        RESIDENT.c.language,
    )
    .join_from(GRANT, RESIDENT, RESIDENT.c.id == GRANT.c.resident_id)
    .outerjoin(SESSION, SESSION.c.id == GRANT.c.session_id)
    .outerjoin(PASSWORD, PASSWORD.c.resident_id == GRANT.c.resident_id)
    .where(
        GRANT.c.id == bindparam("grant_id"),
        GRANT.c.revoked_at.is_(None),
        RESIDENT.c.disabled_at.is_(None),
        or_(GRANT.c.offline, SESSION.c.ended_at.is_(None) & (SESSION.c.expires_at > _NOW)),
        or_(PASSWORD.c.changed_at.is_(None), PASSWORD.c.changed_at <= GRANT.c.created_at),
    )
)


def read_for_userinfo(executor: Executor, grant_id: str, now: datetime) -> UserInfoGrant | None:
    """Return what userinfo tells of the grant; None if its tokens do not work."""
    row = _READ.row(executor, {"grant_id": grant_id, "now": now})
    if row is None:
        return None
    return UserInfoGrant(
        client_id=row.client_id,
        resident_id=row.resident_id,
        userinfo_claims=tuple(row.userinfo_claims.split()),
        email=row.email,
        email_verified=bool(row.email_verified),
        given_name=row.given_name,
        family_name=row.family_name,
        language=row.language,
    )
