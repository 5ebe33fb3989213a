"""The tables of interactions and grants. Every step of the protocol is one statement, built once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, bindparam, delete, insert, select, update

from identity.oidc.lifetimes import KEPT_AFTER_END
from identity.oidc.models import Grant, Interaction
from identity.residents.accounts.models import Resident
from identity.residents.passwords.models import Password
from identity.residents.sessions.models import Session
from identity.storage import Executor, delete_some, table_of

INTERACTION = table_of(Interaction)
GRANT = table_of(Grant)
RESIDENT = table_of(Resident)
PASSWORD = table_of(Password)
SESSION = table_of(Session)


@dataclass(frozen=True)
class StoredInteraction:
    """An authorization request that waits for its resident."""

    id: str
    client_id: str
    browser_digest: str
    parameters: dict[str, list[str]]
    created_at: datetime
    expires_at: datetime
    chosen_session_id: str | None = None
    consented_session_id: str | None = None


@dataclass(frozen=True)
class NewGrant:
    """A grant as it is made: with its code."""

    id: str
    client_id: str
    resident_id: str
    session_id: str
    scope: str
    resources: list[str]
    offline: bool
    nonce: str | None
    authenticated_at: datetime
    acr: str
    amr: str
    created_at: datetime
    expires_at: datetime
    code_digest: str
    code_expires_at: datetime
    # Absent where a device redeems it (RFC 8628).
    redirect_uri: str | None
    code_challenge: str | None


@dataclass(frozen=True)
class GrantFacts:
    """A grant and all that decides what may be handed out on it: its resident, and the session behind it."""

    id: str
    client_id: str
    resident_id: str
    session_id: str
    scope: str
    resources: tuple[str, ...]
    offline: bool
    nonce: str | None
    authenticated_at: datetime
    acr: str
    amr: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    code_expires_at: datetime | None
    code_spent_at: datetime | None
    redirect_uri: str | None
    code_challenge: str | None
    refresh_generation: int | None
    refresh_seed: str | None
    refreshed_at: datetime | None
    email: str | None
    email_verified: bool
    given_name: str
    family_name: str
    language: str
    # False when the resident was disabled, the session ended (and the grant is not offline), or the password
    # was changed since: whoever signed in with the old one keeps nothing.
    stands: bool


_FACTS = (
    select(
        GRANT,
        RESIDENT.c.email,
        RESIDENT.c.email_verified_at,
        RESIDENT.c.given_name,
        RESIDENT.c.family_name,
        RESIDENT.c.language,
        RESIDENT.c.disabled_at,
        SESSION.c.ended_at.label("session_ended_at"),
        SESSION.c.expires_at.label("session_expires_at"),
        PASSWORD.c.changed_at.label("password_changed_at"),
    )
    .join_from(GRANT, RESIDENT, RESIDENT.c.id == GRANT.c.resident_id)
    .outerjoin(SESSION, SESSION.c.id == GRANT.c.session_id)
    .outerjoin(PASSWORD, PASSWORD.c.resident_id == GRANT.c.resident_id)
)
_BY_ID = _FACTS.where(GRANT.c.id == bindparam("grant_id"))
_BY_CODE = _FACTS.where(GRANT.c.code_digest == bindparam("digest"))
_ISSUE = insert(GRANT)
_SPEND_CODE = (
    update(GRANT)
    .where(
        GRANT.c.id == bindparam("grant_id"),
        GRANT.c.code_spent_at.is_(None),
        GRANT.c.revoked_at.is_(None),
    )
    .values(
        code_spent_at=bindparam("now"),
        expires_at=bindparam("ends"),
        refresh_generation=bindparam("generation"),
        refresh_seed=bindparam("seed"),
        refreshed_at=bindparam("now"),
    )
    .returning(GRANT.c.id)
)
_ROTATE = (
    update(GRANT)
    .where(
        GRANT.c.id == bindparam("grant_id"),
        GRANT.c.refresh_generation == bindparam("generation"),
        GRANT.c.revoked_at.is_(None),
    )
    .values(refresh_generation=GRANT.c.refresh_generation + 1, refreshed_at=bindparam("now"))
    .returning(GRANT.c.id)
)
_REVOKE = (
    update(GRANT)
    .where(GRANT.c.id == bindparam("grant_id"), GRANT.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), revoked_for=bindparam("reason"))
    .returning(GRANT.c.id)
)


class Grants:
    """The grants."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def issue(self, grant: NewGrant) -> None:
        """Add a grant with its code."""
        self._executor.execute(_ISSUE, vars(grant))

    def by_code(self, code_digest: str, now: datetime) -> GrantFacts | None:
        """Return the grant that this code hands over, spent or not."""
        row = self._executor.execute(_BY_CODE, {"digest": code_digest}).one_or_none()
        return _facts(row, now) if row else None

    def by_id(self, grant_id: str, now: datetime) -> GrantFacts | None:
        """Return the grant with this id."""
        row = self._executor.execute(_BY_ID, {"grant_id": grant_id}).one_or_none()
        return _facts(row, now) if row else None

    def spend_code(self, grant_id: str, ends: datetime, refresh_seed: str | None, now: datetime) -> bool:
        """Claim the code: True for exactly one of all who try, never after a revocation.

        With a seed the grant starts a refresh family.
        """
        parameters = {
            "grant_id": grant_id,
            "ends": ends,
            "generation": None if refresh_seed is None else 0,
            "seed": refresh_seed,
            "now": now,
        }
        return self._executor.execute(_SPEND_CODE, parameters).one_or_none() is not None

    def rotate(self, grant_id: str, generation: int, now: datetime) -> bool:
        """Replace this generation of the refresh token by the next: True for exactly one of all who try."""
        parameters = {"grant_id": grant_id, "generation": generation, "now": now}
        return self._executor.execute(_ROTATE, parameters).one_or_none() is not None

    def revoke(self, grant_id: str, reason: str, now: datetime) -> bool:
        """End the grant and everything handed out on it; False when it had been revoked."""
        parameters = {"grant_id": grant_id, "reason": reason, "now": now}
        return self._executor.execute(_REVOKE, parameters).one_or_none() is not None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` grants that have long been over; return how many."""
        condition = GRANT.c.expires_at <= now - KEPT_AFTER_END
        return delete_some(self._executor, GRANT, condition, limit)


class Interactions:
    """The interactions."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def begin(self, interaction: StoredInteraction) -> None:
        """Add an interaction."""
        self._executor.execute(insert(INTERACTION), vars(interaction))

    def find(self, interaction_id: str) -> StoredInteraction | None:
        """Return the interaction, expired or not."""
        row = self._executor.execute(
            select(INTERACTION).where(INTERACTION.c.id == interaction_id)
        ).one_or_none()
        return StoredInteraction(**row._mapping) if row else None  # noqa: SLF001 - the documented name

    def bind(self, interaction_id: str, browser_digest: str) -> bool:
        """Give an interaction without a browser to this one; False when another was first."""
        statement = (
            update(INTERACTION)
            .where(INTERACTION.c.id == interaction_id, INTERACTION.c.browser_digest == "")
            .values(browser_digest=browser_digest)
            .returning(INTERACTION.c.id)
        )
        return self._executor.execute(statement).one_or_none() is not None

    def note_choice(self, interaction_id: str, session_id: str) -> None:
        """Remember which session's account the resident chose to go on with."""
        self._note(interaction_id, chosen_session_id=session_id)

    def note_consent(self, interaction_id: str, session_id: str) -> None:
        """Remember that the resident of this session agreed."""
        self._note(interaction_id, consented_session_id=session_id)

    def finish(self, interaction_id: str) -> bool:
        """Take the interaction away: it has its answer. False when it was answered a moment earlier."""
        statement = delete(INTERACTION).where(INTERACTION.c.id == interaction_id).returning(INTERACTION.c.id)
        return self._executor.execute(statement).one_or_none() is not None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` interactions that have long expired; return how many."""
        condition = INTERACTION.c.expires_at <= now - KEPT_AFTER_END
        return delete_some(self._executor, INTERACTION, condition, limit)

    def _note(self, interaction_id: str, **values: str) -> None:
        self._executor.execute(update(INTERACTION).where(INTERACTION.c.id == interaction_id).values(**values))


def _facts(row: Row[tuple[object, ...]], now: datetime) -> GrantFacts:
    session_lives = (
        row.session_expires_at is not None and row.session_ended_at is None and row.session_expires_at > now
    )
    password_is_older = row.password_changed_at is None or row.password_changed_at <= row.created_at
    return GrantFacts(
        id=row.id,
        client_id=row.client_id,
        resident_id=row.resident_id,
        session_id=row.session_id,
        scope=row.scope,
        resources=tuple(row.resources),
        offline=row.offline,
        nonce=row.nonce,
        authenticated_at=row.authenticated_at,
        acr=row.acr,
        amr=tuple(row.amr.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        code_expires_at=row.code_expires_at,
        code_spent_at=row.code_spent_at,
        redirect_uri=row.redirect_uri,
        code_challenge=row.code_challenge,
        refresh_generation=row.refresh_generation,
        refresh_seed=row.refresh_seed,
        refreshed_at=row.refreshed_at,
        email=row.email,
        email_verified=row.email_verified_at is not None,
        given_name=row.given_name,
        family_name=row.family_name,
        language=row.language,
        stands=row.disabled_at is None and (session_lives or row.offline) and password_is_older,
    )
