"""The table of grants. Every step of the protocol is one statement, compiled once.

How a grant yields tokens is in `redemption_store`.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, insert, select, update

from identity.compiled_statements import CompiledStatement
from identity.oidc.grants.models import Grant
from identity.oidc.protocol.lifetimes import KEPT_AFTER_END
from identity.relying_parties.consents.models import Consent
from identity.residents.accounts.models import Resident
from identity.residents.passwords.models import Password
from identity.residents.sessions.models import Session
from identity.storage import Executor, delete_some, table_of

GRANT = table_of(Grant)
RESIDENT = table_of(Resident)
PASSWORD = table_of(Password)
SESSION = table_of(Session)
CONSENT = table_of(Consent)


@dataclass(frozen=True)
class NewGrant:
    """A new grant with its code."""

    id: str
    client_id: str
    resident_id: str
    session_id: str
    scope: str
    resources: list[str]
    userinfo_claims: str
    id_token_claims: str
    offline: bool
    nonce: str | None
    authenticated_at: datetime
    acr: str
    amr: str
    created_at: datetime
    expires_at: datetime
    code_digest: str
    code_expires_at: datetime
    # None where a device redeems it (RFC 8628).
    redirect_uri: str | None
    code_challenge: str | None
    dpop_jkt: str | None


@dataclass(frozen=True)
class GrantView:
    """A grant with what its tokens say of it and its resident. Holds personal data."""

    id: str
    client_id: str
    resident_id: str
    session_id: str
    scope: str
    resources: tuple[str, ...]
    id_token_claims: tuple[str, ...]
    nonce: str | None
    authenticated_at: datetime
    acr: str
    amr: tuple[str, ...]
    email: str | None
    email_verified: bool
    given_name: str
    family_name: str
    language: str


@dataclass(frozen=True)
class StoredGrant(GrantView):
    """A grant as it is stored, whatever became of it. Holds personal data, and the seed, which is secret."""

    userinfo_claims: tuple[str, ...]
    offline: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    code_expires_at: datetime | None
    code_spent_at: datetime | None
    redirect_uri: str | None
    code_challenge: str | None
    dpop_jkt: str | None
    refresh_generation: int | None
    refresh_seed: str | None
    refreshed_at: datetime | None
    # False when the resident was disabled, the session ended (and the grant is not offline), or the password
    # was changed since: tokens of a sign-in with the old one no longer work.
    stands: bool


# What a `GrantView` is read from.
TOKEN_COLUMNS = (
    GRANT.c.id,
    GRANT.c.client_id,
    GRANT.c.resident_id,
    GRANT.c.session_id,
    GRANT.c.scope,
    GRANT.c.resources,
    GRANT.c.id_token_claims,
    GRANT.c.nonce,
    GRANT.c.authenticated_at,
    GRANT.c.acr,
    GRANT.c.amr,
)
RESIDENT_COLUMNS = (
    RESIDENT.c.email,
    RESIDENT.c.email_verified_at,
    RESIDENT.c.given_name,
    RESIDENT.c.family_name,
    RESIDENT.c.language,
)
_STORED = (
    GRANT.c.offline,
    GRANT.c.created_at,
    GRANT.c.expires_at,
    GRANT.c.revoked_at,
    GRANT.c.code_expires_at,
    GRANT.c.code_spent_at,
    GRANT.c.redirect_uri,
    GRANT.c.code_challenge,
    GRANT.c.dpop_jkt,
    GRANT.c.refresh_generation,
    GRANT.c.refresh_seed,
    GRANT.c.refreshed_at,
)
_STANDING = (
    select(
        RESIDENT.c.disabled_at,
        SESSION.c.ended_at.label("session_ended_at"),
        SESSION.c.expires_at.label("session_expires_at"),
        PASSWORD.c.changed_at.label("password_changed_at"),
    )
    .join_from(GRANT, RESIDENT, RESIDENT.c.id == GRANT.c.resident_id)
    .outerjoin(SESSION, SESSION.c.id == GRANT.c.session_id)
    .outerjoin(PASSWORD, PASSWORD.c.resident_id == GRANT.c.resident_id)
)
_WHOLE = _STANDING.add_columns(*TOKEN_COLUMNS, GRANT.c.userinfo_claims, *_STORED, *RESIDENT_COLUMNS)
_ALIVE = CompiledStatement(
    _STANDING.add_columns(GRANT.c.offline, GRANT.c.created_at).where(
        GRANT.c.id == bindparam("grant_id"), GRANT.c.revoked_at.is_(None)
    )
)
_BY_ID = CompiledStatement(_WHOLE.where(GRANT.c.id == bindparam("grant_id")))
_BY_CODE = CompiledStatement(_WHOLE.where(GRANT.c.code_digest == bindparam("digest")))


def _issue(*, needs_consent: bool) -> CompiledStatement:
    """Insert a grant if the session lives and, where it is needed, the consent is there; both are locked.

    What ends one of them at this moment waits and then finds the grant, or came first.
    """
    columns = [GRANT.c[field.name] for field in fields(NewGrant)]
    values = [bindparam(f"grant_{column.name}", type_=column.type) for column in columns]
    lives = select(*values).select_from(SESSION)
    if needs_consent:
        is_clients = CONSENT.c.client_id == bindparam("grant_client_id")
        lives = lives.join(CONSENT, is_clients & (CONSENT.c.resident_id == SESSION.c.resident_id))
    lives = lives.where(
        SESSION.c.id == bindparam("grant_session_id"),
        SESSION.c.resident_id == bindparam("grant_resident_id"),
        SESSION.c.ended_at.is_(None),
        SESSION.c.expires_at > bindparam("grant_created_at"),
    ).with_for_update(read=True)
    names = [column.name for column in columns]
    return CompiledStatement(insert(GRANT).from_select(names, lives).returning(GRANT.c.id))


_ISSUE, _ISSUE_WITH_CONSENT = _issue(needs_consent=False), _issue(needs_consent=True)
_REVOKE = CompiledStatement(
    update(GRANT)
    .where(GRANT.c.id == bindparam("grant_id"), GRANT.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), revoked_for=bindparam("reason"))
    .returning(GRANT.c.id)
)


class Grants:
    """The grants."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def issue(self, grant: NewGrant, *, needs_consent: bool) -> bool:
        """Store a grant; False, and nothing is stored, if its session or a needed consent has ended."""
        statement = _ISSUE_WITH_CONSENT if needs_consent else _ISSUE
        parameters = {f"grant_{name}": value for name, value in vars(grant).items()}
        return statement.row(self._executor, parameters) is not None

    def by_code(self, code_digest: str, now: datetime) -> StoredGrant | None:
        """Return the grant behind this code, spent or not."""
        row = _BY_CODE.row(self._executor, {"digest": code_digest})
        return _read_stored(row, now) if row else None

    def by_id(self, grant_id: str, now: datetime) -> StoredGrant | None:
        row = _BY_ID.row(self._executor, {"grant_id": grant_id})
        return _read_stored(row, now) if row else None

    def is_alive(self, grant_id: str, now: datetime) -> bool:
        """Tell whether the tokens of this grant work: it is not revoked, and it stands."""
        row = _ALIVE.row(self._executor, {"grant_id": grant_id})
        return row is not None and _stands(row, now)

    def revoke_grant(self, grant_id: str, reason: str, now: datetime) -> bool:
        """End the grant and all its tokens; False when it had been revoked."""
        parameters = {"grant_id": grant_id, "reason": reason, "now": now}
        return _REVOKE.row(self._executor, parameters) is not None

    def revoke_grants_of_resident(
        self, resident_id: str, reason: str, now: datetime, *, client_id: str | None
    ) -> list[str]:
        """End what the resident allowed this client, or every client; return the session of each grant."""
        statement = update(GRANT).where(GRANT.c.resident_id == resident_id, GRANT.c.revoked_at.is_(None))
        if client_id is not None:
            statement = statement.where(GRANT.c.client_id == client_id)
        revoked = statement.values(revoked_at=now, revoked_for=reason).returning(GRANT.c.session_id)
        return [row.session_id for row in self._executor.execute(revoked)]

    def revoke_grants_of_client(self, client_id: str, reason: str, now: datetime) -> int:
        """End what residents allowed the client; return how many grants."""
        statement = (
            update(GRANT)
            .where(GRANT.c.client_id == client_id, GRANT.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_for=reason)
            .returning(GRANT.c.id)
        )
        return len(self._executor.execute(statement).all())

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` grants that ended `KEPT_AFTER_END` ago; return how many.

        A grant stays while its session lasts: it tells that its client takes part in the session.
        """
        lasts = exists().where(
            SESSION.c.id == GRANT.c.session_id, SESSION.c.ended_at.is_(None), SESSION.c.expires_at > now
        )
        condition = (GRANT.c.expires_at <= now - KEPT_AFTER_END) & (GRANT.c.code_spent_at.is_(None) | ~lasts)
        return delete_some(self._executor, GRANT, condition, limit)


def _stands(row: Any, now: datetime) -> bool:  # noqa: ANN401 - a row of `_STANDING`
    session_lives = (
        row.session_expires_at is not None and row.session_ended_at is None and row.session_expires_at > now
    )
    password_is_older = row.password_changed_at is None or row.password_changed_at <= row.created_at
    return row.disabled_at is None and (session_lives or row.offline) and password_is_older


def read_view(row: Any) -> GrantView:  # noqa: ANN401 - a row with `TOKEN_COLUMNS` and `RESIDENT_COLUMNS`
    """Return what a row says."""
    return GrantView(
        id=row.id,
        client_id=row.client_id,
        resident_id=row.resident_id,
        session_id=row.session_id,
        scope=row.scope,
        resources=tuple(row.resources),
        id_token_claims=tuple(row.id_token_claims.split()),
        nonce=row.nonce,
        authenticated_at=row.authenticated_at,
        acr=row.acr,
        amr=tuple(row.amr.split()),
        email=row.email,
        email_verified=row.email_verified_at is not None,
        given_name=row.given_name,
        family_name=row.family_name,
        language=row.language,
    )


def _read_stored(row: Any, now: datetime) -> StoredGrant:  # noqa: ANN401 - a row of `_WHOLE`
    return StoredGrant(
        **vars(read_view(row)),
        userinfo_claims=tuple(row.userinfo_claims.split()),
        **{column.key: getattr(row, column.key) for column in _STORED},
        stands=_stands(row, now),
    )
