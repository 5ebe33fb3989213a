"""Sessions, in the database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.engine import CursorResult

from portal.secret_keys import digest
from portal.storage import Transaction
from portal.web.sessions import limits
from portal.web.sessions.models import SessionRow
from portal.web.sessions.rotation import Rotation, SecretUse, new_secret, series_of


@dataclass(frozen=True)
class LiveSession:
    """A session within its limits. `id` is not secret."""

    id: str
    subject: str
    last_seen_at: datetime
    expires_at: datetime
    sealed_profile: str | None
    profile_read_at: datetime | None
    # Of the text by which the session was found.
    secret_use: SecretUse


@dataclass(frozen=True)
class ReplayedSession:
    """A live session of which a former text was sent: two browsers have its cookie."""

    id: str


@dataclass(frozen=True)
class StoredTokens:
    """A session's tokens, encrypted, and whether a request is refreshing them."""

    sealed_tokens: str
    refreshing: bool


class Sessions:
    """The sessions, within one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add_session(
        self, session_id: str, subject: str, identity_sid: str, sealed_tokens: str, now: datetime
    ) -> str:
        """Store a new session and return the secret for its cookie."""
        secret = new_secret()
        self._tx.add(
            SessionRow(
                id=session_id,
                secret_digest=digest(secret),
                series_digest=digest(series_of(secret) or secret),
                former_digest=None,
                rotated_at=now,
                confirmed_at=now,
                subject=subject,
                identity_sid=identity_sid,
                created_at=now,
                last_seen_at=now,
                expires_at=now + limits.ABSOLUTE,
                sealed_tokens=sealed_tokens,
                refreshing_until=None,
                sealed_profile=None,
                profile_read_at=None,
            )
        )
        return secret

    def find_session(self, secret: str, now: datetime) -> LiveSession | ReplayedSession | None:
        """Return the live session with this cookie; None if there is none."""
        row = self._tx.execute(
            select(
                SessionRow.id,
                SessionRow.subject,
                SessionRow.last_seen_at,
                SessionRow.expires_at,
                SessionRow.sealed_profile,
                SessionRow.profile_read_at,
                SessionRow.secret_digest,
                SessionRow.former_digest,
                SessionRow.rotated_at,
                SessionRow.confirmed_at,
            ).where(
                _has_cookie(secret),
                SessionRow.last_seen_at > now - limits.IDLE,
                SessionRow.expires_at > now,
            )
        ).one_or_none()
        if row is None:
            return None
        rotation = Rotation(row.secret_digest, row.former_digest, row.rotated_at, row.confirmed_at)
        use = rotation.use_of(secret, now)
        if use is SecretUse.REPLAYED:
            return ReplayedSession(row.id)
        return None if use is SecretUse.EXPIRED else LiveSession(*row[:6], secret_use=use)

    def rotate_secret(self, session_id: str, secret: str, successor: str, now: datetime) -> bool:
        """Replace the secret that was just used; False if another request did so first."""
        rotated = self._tx.execute(
            update(SessionRow)
            .where(SessionRow.id == session_id, SessionRow.secret_digest == digest(secret))
            .values(
                secret_digest=digest(successor),
                former_digest=digest(secret),
                rotated_at=now,
                confirmed_at=None,
                last_seen_at=now,
            )
            .returning(SessionRow.id)
        )
        return rotated.one_or_none() is not None

    def confirm_secret(self, session_id: str, secret: str, now: datetime) -> None:
        """Note that the browser has this secret: the life of the one before it ends soon."""
        self._tx.execute(
            update(SessionRow)
            .where(SessionRow.id == session_id, SessionRow.secret_digest == digest(secret))
            .where(SessionRow.confirmed_at.is_(None))
            .values(confirmed_at=now, last_seen_at=now)
        )

    def record_use(self, session_id: str, now: datetime) -> None:
        """Record that the session was used now."""
        self._update(session_id, last_seen_at=now)

    def end_session(self, session_id: str) -> str | None:
        """Delete the session; return its encrypted tokens, None if there was none."""
        return self._tx.scalar(
            delete(SessionRow).where(SessionRow.id == session_id).returning(SessionRow.sealed_tokens)
        )

    def end_session_by_secret(self, secret: str) -> None:
        """Delete the session with this cookie, live or not."""
        self._tx.execute(delete(SessionRow).where(_has_cookie(secret)))

    def end_identity_sessions(self, identity_sid: str, subject: str) -> int:
        """Delete the sessions with this `sid`, or without one all of this `sub`; return how many.

        If both are given, both must match.
        """
        if not identity_sid and not subject:
            return 0
        statement = delete(SessionRow)
        if identity_sid:
            statement = statement.where(SessionRow.identity_sid == identity_sid)
        if subject:
            statement = statement.where(SessionRow.subject == subject)
        return len(self._tx.execute(statement.returning(SessionRow.id)).all())

    def find_tokens(self, session_id: str, now: datetime) -> StoredTokens | None:
        """Return the session's tokens; None if there is no such session."""
        row = self._tx.execute(
            select(SessionRow.sealed_tokens, SessionRow.refreshing_until).where(SessionRow.id == session_id)
        ).one_or_none()
        return StoredTokens(row[0], row[1] is not None and row[1] > now) if row else None

    def claim_refresh(self, session_id: str, now: datetime) -> str | None:
        """Claim the refresh for 15 seconds; return the encrypted tokens, None if another request has it."""
        return self._tx.scalar(
            update(SessionRow)
            .where(
                SessionRow.id == session_id,
                or_(SessionRow.refreshing_until.is_(None), SessionRow.refreshing_until <= now),
            )
            .values(refreshing_until=now + limits.REFRESH_LEASE)
            .returning(SessionRow.sealed_tokens)
        )

    def release_refresh(self, session_id: str, sealed_tokens: str | None = None) -> None:
        """End the claim; store the new tokens, if there are any."""
        fresh = {"sealed_tokens": sealed_tokens} if sealed_tokens else {}
        self._update(session_id, refreshing_until=None, **fresh)

    def save_profile(self, session_id: str, sealed_profile: str, now: datetime) -> None:
        """Store the profile, encrypted."""
        self._update(session_id, sealed_profile=sealed_profile, profile_read_at=now)

    def delete_expired_sessions(self, now: datetime) -> int:
        """Delete the sessions past a limit; return how many."""
        result = self._tx.execute(
            delete(SessionRow).where(
                or_(SessionRow.expires_at <= now, SessionRow.last_seen_at <= now - limits.IDLE)
            )
        )
        return result.rowcount if isinstance(result, CursorResult) else 0

    def _update(self, session_id: str, **values: object) -> None:
        self._tx.execute(update(SessionRow).where(SessionRow.id == session_id).values(**values))


def _has_cookie(secret: str) -> ColumnElement[bool]:
    """Return the condition that a session has a cookie of this text's series, present or former."""
    series = series_of(secret)
    if series:
        return SessionRow.series_digest == digest(series)
    return SessionRow.secret_digest == digest(secret)
