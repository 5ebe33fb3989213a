"""Sign-in attempts, in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from portal.secret_keys import digest
from portal.sign_in.models import SignInAttempt
from portal.storage import Transaction

# Time to register, read the mail and sign in. A later response starts over, mostly unnoticed.
LIFETIME = timedelta(hours=1)
# Spent and expired attempts are kept so long, so that a late or second response finds its return path.
REMEMBERED_FOR = timedelta(days=1)


@dataclass(frozen=True)
class PendingSignIn:
    """What the response to an authorization request is compared with, and where the resident was going."""

    nonce: str
    sealed_verifier: str
    return_to: str
    restarts: int


@dataclass(frozen=True)
class UnclaimedAttempt:
    """What is known of an attempt that cannot be claimed: spent, expired or another browser's."""

    return_to: str
    restarts: int


class SignInAttempts:
    """The attempts, within one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add_attempt(self, state: str, browser: str, pending: PendingSignIn, now: datetime) -> None:
        """Store an attempt of this browser."""
        self._tx.add(
            SignInAttempt(
                state_digest=digest(state),
                browser_digest=digest(browser),
                nonce=pending.nonce,
                sealed_verifier=pending.sealed_verifier,
                return_to=pending.return_to,
                restarts=pending.restarts,
                created_at=now,
                expires_at=now + LIFETIME,
                spent_at=None,
            )
        )

    def claim_attempt(self, state: str, browser: str, now: datetime) -> PendingSignIn | None:
        """Spend the attempt, in one statement; None if unknown, spent, expired or another browser's."""
        row = self._tx.execute(
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
        return PendingSignIn(*row) if row else None

    def find_unclaimed(self, state: str) -> UnclaimedAttempt | None:
        """Return what is known of an attempt that could not be claimed; None if unknown."""
        row = self._tx.execute(
            select(SignInAttempt.return_to, SignInAttempt.restarts).where(
                SignInAttempt.state_digest == digest(state)
            )
        ).one_or_none()
        return UnclaimedAttempt(*row) if row else None

    def delete_old_attempts(self, now: datetime) -> None:
        """Delete the attempts that expired a day ago."""
        self._tx.execute(delete(SignInAttempt).where(SignInAttempt.expires_at < now - REMEMBERED_FOR))
