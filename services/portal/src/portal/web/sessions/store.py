"""Sessions, in the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from sqlalchemy import Table, bindparam, delete, insert, or_, select, update

from portal.compiled_statements import CompiledStatement
from portal.secret_keys import digest
from portal.storage import Executor
from portal.web.sessions import limits
from portal.web.sessions.models import SessionRow
from portal.web.sessions.rotation import Rotation, SecretUse, new_secret, series_of

SESSIONS = cast("Table", SessionRow.__table__)

# Compiled once: they run at every request of a signed-in resident.
_FIND = select(
    SESSIONS.c.id,
    SESSIONS.c.subject,
    SESSIONS.c.last_seen_at,
    SESSIONS.c.expires_at,
    SESSIONS.c.sealed_profile,
    SESSIONS.c.profile_read_at,
    SESSIONS.c.sealed_tokens,
    SESSIONS.c.refreshing_until,
    SESSIONS.c.secret_digest,
    SESSIONS.c.former_digest,
    SESSIONS.c.rotated_at,
    SESSIONS.c.confirmed_at,
).where(SESSIONS.c.last_seen_at > bindparam("idle_since"), SESSIONS.c.expires_at > bindparam("now"))
_FIND_BY_SERIES = CompiledStatement(_FIND.where(SESSIONS.c.series_digest == bindparam("digest")))
_FIND_BY_SECRET = CompiledStatement(_FIND.where(SESSIONS.c.secret_digest == bindparam("digest")))
_OF_SESSION = SESSIONS.c.id == bindparam("session_id")
_WITH_SECRET = SESSIONS.c.secret_digest == bindparam("present")
_ROTATE = CompiledStatement(
    update(SESSIONS)
    .where(_OF_SESSION, _WITH_SECRET)
    .values(
        secret_digest=bindparam("successor"),
        former_digest=bindparam("present"),
        rotated_at=bindparam("now"),
        confirmed_at=None,
        last_seen_at=bindparam("now"),
    )
)
_CONFIRM = CompiledStatement(
    update(SESSIONS)
    .where(_OF_SESSION, _WITH_SECRET, SESSIONS.c.confirmed_at.is_(None))
    .values(confirmed_at=bindparam("now"), last_seen_at=bindparam("now"))
)
_RECORD_USE = CompiledStatement(update(SESSIONS).where(_OF_SESSION).values(last_seen_at=bindparam("now")))
_END = CompiledStatement(delete(SESSIONS).where(_OF_SESSION).returning(SESSIONS.c.sealed_tokens))
_END_BY_SERIES = CompiledStatement(delete(SESSIONS).where(SESSIONS.c.series_digest == bindparam("digest")))
_END_BY_SECRET = CompiledStatement(delete(SESSIONS).where(SESSIONS.c.secret_digest == bindparam("digest")))
_FIND_TOKENS = CompiledStatement(
    select(SESSIONS.c.sealed_tokens, SESSIONS.c.refreshing_until).where(_OF_SESSION)
)
_CLAIM_REFRESH = CompiledStatement(
    update(SESSIONS)
    .where(
        _OF_SESSION,
        or_(SESSIONS.c.refreshing_until.is_(None), SESSIONS.c.refreshing_until <= bindparam("now")),
    )
    .values(refreshing_until=bindparam("claimed_until"))
    .returning(SESSIONS.c.sealed_tokens)
)
_RELEASE_REFRESH = update(SESSIONS).where(_OF_SESSION).values(refreshing_until=None)
_GIVE_UP_REFRESH = CompiledStatement(_RELEASE_REFRESH)
_END_REFRESH = CompiledStatement(_RELEASE_REFRESH.values(sealed_tokens=bindparam("fresh_tokens")))
_SAVE_PROFILE = CompiledStatement(
    update(SESSIONS)
    .where(_OF_SESSION)
    .values(sealed_profile=bindparam("profile"), profile_read_at=bindparam("now"))
)


@dataclass(frozen=True)
class StoredTokens:
    """A session's tokens, encrypted, and whether a request is refreshing them."""

    sealed_tokens: str
    refreshing: bool


@dataclass(frozen=True)
class LiveSession:
    """A session within its limits. `id` is not secret."""

    id: str
    subject: str
    last_seen_at: datetime
    expires_at: datetime
    sealed_profile: str | None
    profile_read_at: datetime | None
    # As they were when this request began.
    tokens: StoredTokens
    # Of the text by which the session was found.
    secret_use: SecretUse


@dataclass(frozen=True)
class ReplayedSession:
    """A live session of which a former text was sent: two browsers have its cookie."""

    id: str


class _TokenColumns(Protocol):
    sealed_tokens: str
    refreshing_until: datetime | None


class Sessions:
    """The sessions, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add_session(
        self, session_id: str, subject: str, identity_sid: str, sealed_tokens: str, now: datetime
    ) -> str:
        """Store a new session and return the secret for its cookie."""
        secret = new_secret()
        self._executor.execute(
            insert(SESSIONS).values(
                id=session_id,
                secret_digest=digest(secret),
                series_digest=digest(series_of(secret) or secret),
                rotated_at=now,
                confirmed_at=now,
                subject=subject,
                identity_sid=identity_sid,
                created_at=now,
                last_seen_at=now,
                expires_at=now + limits.ABSOLUTE,
                sealed_tokens=sealed_tokens,
            )
        )
        return secret

    def find_session(self, secret: str, now: datetime) -> LiveSession | ReplayedSession | None:
        """Return the live session with this cookie; None if there is none."""
        series = series_of(secret)
        statement = _FIND_BY_SERIES if series else _FIND_BY_SECRET
        row = statement.row(
            self._executor, {"digest": digest(series or secret), "idle_since": now - limits.IDLE, "now": now}
        )
        if row is None:
            return None
        rotation = Rotation(row.secret_digest, row.former_digest, row.rotated_at, row.confirmed_at)
        use = rotation.use_of(secret, now)
        if use is SecretUse.REPLAYED:
            return ReplayedSession(row.id)
        if use is SecretUse.EXPIRED:
            return None
        return LiveSession(
            id=row.id,
            subject=row.subject,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            sealed_profile=row.sealed_profile,
            profile_read_at=row.profile_read_at,
            tokens=_stored(row, now),
            secret_use=use,
        )

    def rotate_secret(self, session_id: str, secret: str, successor: str, now: datetime) -> bool:
        """Replace the secret that was just used; False if another request did so first."""
        digests = {"present": digest(secret), "successor": digest(successor)}
        return _ROTATE.count(self._executor, {"session_id": session_id, "now": now, **digests}) == 1

    def confirm_secret(self, session_id: str, secret: str, now: datetime) -> None:
        """Note that the browser has this secret: the life of the one before it ends soon."""
        _CONFIRM.count(self._executor, {"session_id": session_id, "present": digest(secret), "now": now})

    def record_use(self, session_id: str, now: datetime) -> None:
        """Record that the session was used now."""
        _RECORD_USE.count(self._executor, {"session_id": session_id, "now": now})

    def end_session(self, session_id: str) -> str | None:
        """Delete the session; return its encrypted tokens, None if there was none."""
        row = _END.row(self._executor, {"session_id": session_id})
        return row.sealed_tokens if row else None

    def end_session_by_secret(self, secret: str) -> None:
        """Delete the session with this cookie, live or not."""
        series = series_of(secret)
        statement = _END_BY_SERIES if series else _END_BY_SECRET
        statement.count(self._executor, {"digest": digest(series or secret)})

    def end_identity_sessions(self, identity_sid: str, subject: str) -> int:
        """Delete the sessions with this `sid`, or without one all of this `sub`; return how many.

        If both are given, both must match.
        """
        if not identity_sid and not subject:
            return 0
        statement = delete(SESSIONS)
        if identity_sid:
            statement = statement.where(SESSIONS.c.identity_sid == identity_sid)
        if subject:
            statement = statement.where(SESSIONS.c.subject == subject)
        return len(self._executor.execute(statement.returning(SESSIONS.c.id)).all())

    def find_tokens(self, session_id: str, now: datetime) -> StoredTokens | None:
        """Return the session's tokens; None if there is no such session."""
        row = _FIND_TOKENS.row(self._executor, {"session_id": session_id})
        return _stored(row, now) if row else None

    def claim_refresh(self, session_id: str, now: datetime) -> str | None:
        """Claim the refresh for 15 seconds; return the encrypted tokens, None if another request has it."""
        until = now + limits.REFRESH_LEASE
        row = _CLAIM_REFRESH.row(
            self._executor, {"session_id": session_id, "now": now, "claimed_until": until}
        )
        return row.sealed_tokens if row else None

    def release_refresh(self, session_id: str, sealed_tokens: str | None = None) -> None:
        """End the claim; store the new tokens, if there are any."""
        if sealed_tokens is None:
            _GIVE_UP_REFRESH.count(self._executor, {"session_id": session_id})
        else:
            _END_REFRESH.count(self._executor, {"session_id": session_id, "fresh_tokens": sealed_tokens})

    def save_profile(self, session_id: str, sealed_profile: str, now: datetime) -> None:
        """Store the profile, encrypted."""
        _SAVE_PROFILE.count(self._executor, {"session_id": session_id, "profile": sealed_profile, "now": now})

    def delete_expired_sessions(self, now: datetime) -> int:
        """Delete the sessions past a limit; return how many."""
        ended = or_(SESSIONS.c.expires_at <= now, SESSIONS.c.last_seen_at <= now - limits.IDLE)
        return len(self._executor.execute(delete(SESSIONS).where(ended).returning(SESSIONS.c.id)).all())


def _stored(row: _TokenColumns, now: datetime) -> StoredTokens:
    return StoredTokens(row.sealed_tokens, row.refreshing_until is not None and row.refreshing_until > now)
