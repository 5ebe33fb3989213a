"""How a grant yields tokens: of each of the two ways a statement, compiled once.

All that has to be true is a condition of the statement, and it returns what the tokens say. So of many claims
at one moment one is first, a refused claim changes nothing, and a request that is right asks the database
once. Why a claim was refused is for its caller to find out.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Text, bindparam, cast, exists, func, or_, select, update

from identity.compiled_statements import CompiledStatement
from identity.oidc.grants.store import (
    GRANT,
    PASSWORD,
    RESIDENT,
    RESIDENT_COLUMNS,
    SESSION,
    TOKEN_COLUMNS,
    GrantView,
    read_view,
)
from identity.oidc.protocol.lifetimes import REFRESH_IDLE
from identity.storage import Executor


@dataclass(frozen=True, repr=False)
class CodeClaim:
    """What a client presents with a code: all of it has to be the grant's."""

    code_digest: str
    client_id: str
    # None for a device's code (RFC 8628), which has neither.
    redirect_uri: str | None
    # That of the presented verifier; None without one.
    code_challenge: str | None
    # A resource that has to be granted; None where none has to be.
    resource: str | None
    # The DPoP key of which the request has a proof, and the one that the refresh family is bound to.
    proven_jkt: str | None
    bound_jkt: str | None


@dataclass(frozen=True, repr=False)
class Rotation:
    """What a client presents with a refresh token, whose proof was checked with this seed."""

    grant_id: str
    client_id: str
    seed: str
    generation: int
    # The same one where the client keeps its token.
    next_generation: int
    resource: str | None
    proven_jkt: str | None


_NOW = bindparam("now", type_=GRANT.c.created_at.type)


def _may_yield_tokens() -> ColumnElement[bool]:
    """Not revoked, and the grant stands (`StoredGrant.stands`); key and resource are those that it is for."""
    session_lives = exists().where(
        SESSION.c.id == GRANT.c.session_id, SESSION.c.ended_at.is_(None), SESSION.c.expires_at > _NOW
    )
    is_enabled = exists().where(RESIDENT.c.id == GRANT.c.resident_id, RESIDENT.c.disabled_at.is_(None))
    password_is_newer = exists().where(
        PASSWORD.c.resident_id == GRANT.c.resident_id, PASSWORD.c.changed_at > GRANT.c.created_at
    )
    key_fits = or_(GRANT.c.dpop_jkt.is_(None), GRANT.c.dpop_jkt == bindparam("claim_proven_jkt"))
    # An element of a list in JSON as it is written there: the one test of it that both databases have.
    resources, element = cast(GRANT.c.resources, Text), bindparam("claim_resource", type_=Text)
    is_granted = or_(element.is_(None), func.replace(resources, element, "") != resources)
    return (
        GRANT.c.revoked_at.is_(None)
        & or_(GRANT.c.offline, session_lives)
        & is_enabled
        & ~password_is_newer
        & key_fits
        & is_granted
    )


# SQLite returns columns of other tables by subqueries alone; they take PostgreSQL no longer than a join.
_RETURNED = (
    *TOKEN_COLUMNS,
    *(
        select(column)
        .where(RESIDENT.c.id == GRANT.c.resident_id)
        .correlate(GRANT)
        .scalar_subquery()
        .label(column.key)
        for column in RESIDENT_COLUMNS
    ),
)
_CLAIM_CODE = CompiledStatement(
    update(GRANT)
    .where(
        GRANT.c.code_digest == bindparam("claim_code_digest"),
        GRANT.c.client_id == bindparam("claim_client_id"),
        GRANT.c.redirect_uri.is_not_distinct_from(bindparam("claim_redirect_uri", type_=Text)),
        GRANT.c.code_challenge.is_not_distinct_from(bindparam("claim_code_challenge", type_=Text)),
        GRANT.c.code_spent_at.is_(None),
        GRANT.c.code_expires_at > _NOW,
        _may_yield_tokens(),
    )
    .values(
        code_spent_at=_NOW,
        expires_at=bindparam("ends"),
        refresh_generation=bindparam("first_generation"),
        refresh_seed=bindparam("seed"),
        refreshed_at=_NOW,
        dpop_jkt=bindparam("claim_bound_jkt"),
    )
    .returning(*_RETURNED)
)
_ROTATE = CompiledStatement(
    update(GRANT)
    .where(
        GRANT.c.id == bindparam("claim_grant_id"),
        GRANT.c.client_id == bindparam("claim_client_id"),
        GRANT.c.refresh_seed == bindparam("claim_seed"),
        GRANT.c.refresh_generation == bindparam("claim_generation"),
        GRANT.c.refreshed_at > bindparam("used_after"),
        GRANT.c.expires_at > _NOW,
        _may_yield_tokens(),
    )
    .values(refresh_generation=bindparam("claim_next_generation"), refreshed_at=_NOW)
    .returning(*_RETURNED)
)


class Redemptions:
    """Grants that yield tokens."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def claim_code(
        self, claim: CodeClaim, ends: datetime, refresh_seed: str | None, now: datetime
    ) -> GrantView | None:
        """Spend the code if all is true that the claim says: for exactly one of all that try.

        Never after a revocation, nor after its session's end unless it is offline. The last token ends by
        `ends`. With a seed the grant starts a refresh family.
        """
        parameters = {
            **_parameters(claim),
            "ends": ends,
            "seed": refresh_seed,
            "first_generation": None if refresh_seed is None else 0,
            "now": now,
        }
        row = _CLAIM_CODE.row(self._executor, parameters)
        return None if row is None else read_view(row)

    def rotate(self, rotation: Rotation, now: datetime) -> GrantView | None:
        """Replace this generation of the refresh token if all is true: for exactly one of all that try.

        Never after a revocation or its session's end. Where the next generation is the same one, it goes on
        for all that try.
        """
        parameters = {**_parameters(rotation), "used_after": now - REFRESH_IDLE, "now": now}
        row = _ROTATE.row(self._executor, parameters)
        return None if row is None else read_view(row)


def _parameters(claim: CodeClaim | Rotation) -> dict[str, object]:
    # Parameters of an UPDATE may not be named as its columns are.
    parameters = {f"claim_{name}": value for name, value in vars(claim).items()}
    if claim.resource is not None:
        parameters["claim_resource"] = json.dumps(claim.resource)
    return parameters
