"""Attempts to sign in with a provider, in the database."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from identity.continuation import SignedContinuation
from identity.journeys.federation.models import FederationAttempt
from identity.secret_keys import SecretKeys, digest
from identity.storage import Executor, delete_some, table_of

ATTEMPTS = table_of(FederationAttempt)
# Long enough to find a password and a second factor at the provider.
LIFETIME = timedelta(minutes=10)
# So that "Back" after a while still leads to where the resident was going.
KEPT_AFTER_EXPIRY = timedelta(hours=12)


@dataclass(frozen=True)
class AttemptSecrets:
    """What binds the authorization response to this attempt. Secret."""

    nonce: str
    # RFC 7636 §4.1.
    code_verifier: str
    # Of the mailed link by which the resident came, or empty.
    link_token: str = ""


@dataclass(frozen=True)
class Attempt:
    """One authorization request to a provider (RFC 6749 §4.1.1) and what became of it."""

    provider: str
    secrets: AttemptSecrets
    continuation: SignedContinuation
    language: str
    is_spent: bool
    # The response, where it came as a POST (OAuth 2.0 Form Post Response Mode).
    posted_answer: dict[str, str] | None


class Attempts:
    """The attempts, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor, secret_keys: SecretKeys) -> None:
        self._executor = executor
        self._secret_keys = secret_keys

    def add_attempt(
        self,
        *,
        state: str,
        provider: str,
        browser_secret: str,
        secrets: AttemptSecrets,
        continuation: SignedContinuation,
        language: str,
        now: datetime,
    ) -> None:
        """Store an attempt of this browser."""
        self._executor.execute(
            insert(ATTEMPTS).values(
                state_digest=digest(state),
                provider=provider,
                browser_digest=digest(browser_secret),
                secrets=self._secret_keys.encrypt(json.dumps(asdict(secrets))),
                continuation=continuation,
                language=language,
                created_at=now,
                expires_at=now + LIFETIME,
                spent_at=None,
                posted_answer=None,
            )
        )

    def store_posted_answer(
        self, state: str, provider: str, answer: Mapping[str, str], now: datetime
    ) -> bool:
        """Store a posted response for its browser to fetch; False unless the attempt is open and has none."""
        kept = self._executor.execute(
            update(ATTEMPTS)
            .where(ATTEMPTS.c.state_digest == digest(state), ATTEMPTS.c.provider == provider)
            .where(ATTEMPTS.c.spent_at.is_(None), ATTEMPTS.c.expires_at > now)
            .where(ATTEMPTS.c.posted_answer.is_(None))
            .values(posted_answer=self._secret_keys.encrypt(json.dumps(dict(answer))))
            .returning(ATTEMPTS.c.state_digest)
        )
        return kept.one_or_none() is not None

    def claim_attempt(self, state: str, provider: str, browser_secret: str, now: datetime) -> Attempt | None:
        """Spend an open attempt of this browser with this provider; of any number at once, one gets it."""
        spent = self._executor.execute(
            update(ATTEMPTS)
            .where(ATTEMPTS.c.state_digest == digest(state), ATTEMPTS.c.provider == provider)
            .where(ATTEMPTS.c.browser_digest == digest(browser_secret))
            .where(ATTEMPTS.c.spent_at.is_(None), ATTEMPTS.c.expires_at > now)
            .values(spent_at=now)
            .returning(ATTEMPTS.c.state_digest)
        ).one_or_none()
        return self.find_attempt(state, provider, browser_secret) if spent else None

    def find_attempt(self, state: str, provider: str, browser_secret: str) -> Attempt | None:
        """Return an attempt of this browser with this provider, spent and expired ones too."""
        row = self._executor.execute(
            select(ATTEMPTS)
            .where(ATTEMPTS.c.state_digest == digest(state), ATTEMPTS.c.provider == provider)
            .where(ATTEMPTS.c.browser_digest == digest(browser_secret))
        ).one_or_none()
        if row is None:
            return None
        answer = json.loads(self._secret_keys.decrypt(row.posted_answer)) if row.posted_answer else None
        return Attempt(
            provider=row.provider,
            secrets=AttemptSecrets(**json.loads(self._secret_keys.decrypt(row.secrets))),
            continuation=row.continuation,
            language=row.language,
            is_spent=row.spent_at is not None,
            posted_answer=answer,
        )

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` attempts that have long expired; return how many."""
        condition = ATTEMPTS.c.expires_at <= now - KEPT_AFTER_EXPIRY
        return delete_some(self._executor, ATTEMPTS, condition, limit)
