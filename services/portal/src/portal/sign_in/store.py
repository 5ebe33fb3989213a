"""Sign-ins under way, in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.sealing import digest
from portal.sign_in.models import SignInAttempt

# Time to register, read the mail and sign in; whoever takes longer is sent again and usually notices nothing.
LIFETIME = timedelta(hours=1)
# Spent and expired attempts are kept so long, to know a second click from a stranger's state.
REMEMBERED_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Claimed:
    """What the portal remembered when it sent the browser away."""

    nonce: str
    sealed_verifier: str
    return_to: str
    restarts: int


@dataclass(frozen=True)
class Trace:
    """What is known of an attempt that cannot be claimed."""

    return_to: str
    restarts: int


class SignInAttempts:
    """The attempts, seen through one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, state: str, browser: str, claimed: Claimed, now: datetime) -> None:
        """Store an attempt of this browser."""
        self._session.add(
            SignInAttempt(
                state_digest=digest(state),
                browser_digest=digest(browser),
                nonce=claimed.nonce,
                sealed_verifier=claimed.sealed_verifier,
                return_to=claimed.return_to,
                restarts=claimed.restarts,
                created_at=now,
                expires_at=now + LIFETIME,
                spent_at=None,
            )
        )

    def claim(self, state: str, browser: str, now: datetime) -> Claimed | None:
        """Spend the attempt: one statement, one winner. None if unknown, spent, late or another browser's."""
        row = self._session.execute(
            update(SignInAttempt)
            .where(
                SignInAttempt.state_digest == digest(state),
                SignInAttempt.browser_digest == digest(browser),
                SignInAttempt.spent_at.is_(None),
                SignInAttempt.expires_at > now,
            )
            .values(spent_at=now)
            .returning(
                SignInAttempt.nonce,
                SignInAttempt.sealed_verifier,
                SignInAttempt.return_to,
                SignInAttempt.restarts,
            )
        ).one_or_none()
        return Claimed(*row) if row else None

    def trace(self, state: str) -> Trace | None:
        """Return what is known of an attempt that could not be claimed."""
        row = self._session.execute(
            select(SignInAttempt.return_to, SignInAttempt.restarts).where(
                SignInAttempt.state_digest == digest(state)
            )
        ).one_or_none()
        return Trace(*row) if row else None

    def delete_old(self, now: datetime) -> None:
        """Delete attempts that nobody will come back from."""
        self._session.execute(delete(SignInAttempt).where(SignInAttempt.expires_at < now - REMEMBERED_FOR))
