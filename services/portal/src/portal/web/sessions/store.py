"""Sessions in the database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from portal import randomness
from portal.sealing import digest
from portal.web.sessions import limits
from portal.web.sessions.models import SessionRow


@dataclass(frozen=True)
class LiveSession:
    """A session that is neither idle for too long nor too old."""

    id: str
    subject: str
    last_seen_at: datetime
    expires_at: datetime
    sealed_profile: str | None
    profile_read_at: datetime | None


@dataclass(frozen=True)
class Held:
    """The tokens of a session as stored, and whether somebody is refreshing them."""

    sealed_tokens: str
    refreshing: bool


class Sessions:
    """The sessions, seen through one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(
        self, session_id: str, subject: str, identity_sid: str, sealed_tokens: str, now: datetime
    ) -> str:
        """Store a new session and return the secret for its cookie."""
        secret = randomness.secret()
        self._session.add(
            SessionRow(
                id=session_id,
                secret_digest=digest(secret),
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

    def find(self, secret: str, now: datetime) -> LiveSession | None:
        """Return the live session whose cookie holds this secret."""
        row = self._session.execute(
            select(
                SessionRow.id,
                SessionRow.subject,
                SessionRow.last_seen_at,
                SessionRow.expires_at,
                SessionRow.sealed_profile,
                SessionRow.profile_read_at,
            ).where(
                SessionRow.secret_digest == digest(secret),
                SessionRow.last_seen_at > now - limits.IDLE,
                SessionRow.expires_at > now,
            )
        ).one_or_none()
        return LiveSession(*row) if row else None

    def touch(self, session_id: str, now: datetime) -> None:
        """Note that the session was used now."""
        self._change(session_id, last_seen_at=now)

    def end(self, session_id: str) -> str | None:
        """Forget the session; return its sealed tokens, or None if it was gone."""
        return self._session.scalar(
            delete(SessionRow).where(SessionRow.id == session_id).returning(SessionRow.sealed_tokens)
        )

    def end_by_secret(self, secret: str) -> None:
        """Forget the session whose cookie holds this secret, live or not."""
        self._session.execute(delete(SessionRow).where(SessionRow.secret_digest == digest(secret)))

    def end_told(self, identity_sid: str, subject: str) -> int:
        """Forget the sessions begun with this session of identity's; without one, all of the resident's.

        An empty text says nothing; where both are given, both must hold. Return how many there were.
        """
        if not identity_sid and not subject:
            return 0
        statement = delete(SessionRow)
        if identity_sid:
            statement = statement.where(SessionRow.identity_sid == identity_sid)
        if subject:
            statement = statement.where(SessionRow.subject == subject)
        return len(self._session.execute(statement.returning(SessionRow.id)).all())

    def tokens_of(self, session_id: str, now: datetime) -> Held | None:
        """Return the session's tokens."""
        row = self._session.execute(
            select(SessionRow.sealed_tokens, SessionRow.refreshing_until).where(SessionRow.id == session_id)
        ).one_or_none()
        return Held(row[0], row[1] is not None and row[1] > now) if row else None

    def claim_refresh(self, session_id: str, now: datetime) -> str | None:
        """Take the right to refresh, for a while; return the tokens, None if another has the right."""
        return self._session.scalar(
            update(SessionRow)
            .where(
                SessionRow.id == session_id,
                or_(SessionRow.refreshing_until.is_(None), SessionRow.refreshing_until <= now),
            )
            .values(refreshing_until=now + limits.REFRESH_LEASE)
            .returning(SessionRow.sealed_tokens)
        )

    def release_refresh(self, session_id: str, sealed_tokens: str | None = None) -> None:
        """Give the right to refresh back, with what it brought."""
        kept = {"sealed_tokens": sealed_tokens} if sealed_tokens else {}
        self._change(session_id, refreshing_until=None, **kept)

    def keep_profile(self, session_id: str, sealed_profile: str, now: datetime) -> None:
        """Keep what userinfo said."""
        self._change(session_id, sealed_profile=sealed_profile, profile_read_at=now)

    def delete_expired(self, now: datetime) -> int:
        """Delete sessions that are over; return how many."""
        result = self._session.execute(
            delete(SessionRow).where(
                or_(SessionRow.expires_at <= now, SessionRow.last_seen_at <= now - limits.IDLE)
            )
        )
        return result.rowcount if isinstance(result, CursorResult) else 0

    def _change(self, session_id: str, **values: object) -> None:
        self._session.execute(update(SessionRow).where(SessionRow.id == session_id).values(**values))
