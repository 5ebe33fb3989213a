"""Codes that complete a sign-in, in the database."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update

from identity import typed_codes
from identity.residents.sign_in_codes.models import SignInCode
from identity.secret_keys import SecretKeys, digest
from identity.storage import Executor, delete_some, insert_into, table_of

CODES = table_of(SignInCode)
# ASVS 5.0 6.5.5.
LIFETIME = timedelta(minutes=10)
# How long after its issue a code that waits to be mailed may be restarted.
RESTARTED_FOR = 2 * LIFETIME
ATTEMPTS = 5
_PURPOSE = "sign-in code"


@dataclass(frozen=True)
class ClaimedCode:
    """A code that was right, and is spent."""

    remember_me: bool


class SignInCodes:
    """The codes, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor, secret_keys: SecretKeys) -> None:
        self._executor, self._secret_keys = executor, secret_keys

    def issue_code(self, code_id: str, verified_hash: str | None, *, remember_me: bool, now: datetime) -> str:
        """Return a new code as it is displayed, a secret, in place of the one before.

        It never works without a verified hash.
        """
        code = typed_codes.generate()
        values = {
            "code_digest": self._secret_keys.keyed_digest(_PURPOSE, f"{code_id}\0{code}"),
            "password_digest": digest(verified_hash) if verified_hash else "",
            "remember_me": remember_me,
            "attempts_left": ATTEMPTS,
            "expires_at": now + LIFETIME,
        }
        statement = insert_into(self._executor, CODES).values(id=code_id, **values)
        self._executor.execute(statement.on_conflict_do_update(index_elements=[CODES.c.id], set_=values))
        return typed_codes.formatted(code)

    def restart_code(self, code_id: str, code: str, *, issued_at: datetime, now: datetime) -> bool:
        """Let the life of a code that is about to be mailed begin now; tell whether it works.

        It does unless it was used, replaced, guessed at too often, issued twenty minutes ago, or issued for
        a wrong password.
        """
        if now >= issued_at + RESTARTED_FOR:
            return False
        digests = self._secret_keys.keyed_digests(_PURPOSE, f"{code_id}\0{typed_codes.parse(code)}")
        restarted = self._executor.execute(
            update(CODES)
            .where(CODES.c.id == code_id, CODES.c.attempts_left > 0, CODES.c.password_digest != "")
            .where(CODES.c.code_digest.in_(digests))
            .values(expires_at=now + LIFETIME)
            .returning(CODES.c.id)
        )
        return restarted.one_or_none() is not None

    def claim_code(
        self, code_id: str, code: str, stored_hash: str | None, now: datetime
    ) -> ClaimedCode | None:
        """Spend an attempt, and the code if it is right and was issued for the password stored now.

        The attempt is taken before the code is compared, so that guesses made at once cannot exceed the
        limit. Of any number of claims at once one is answered.
        """
        tried = self._executor.execute(
            update(CODES)
            .where(CODES.c.id == code_id, CODES.c.expires_at > now, CODES.c.attempts_left > 0)
            .values(attempts_left=CODES.c.attempts_left - 1)
            .returning(CODES.c.code_digest, CODES.c.password_digest, CODES.c.remember_me)
        ).one_or_none()
        if tried is None or not stored_hash or tried.password_digest != digest(stored_hash):
            return None
        if not self._secret_keys.is_digest_of(
            tried.code_digest, _PURPOSE, f"{code_id}\0{typed_codes.parse(code)}"
        ):
            return None
        spent = self._executor.execute(
            delete(CODES)
            .where(CODES.c.id == code_id, CODES.c.code_digest == tried.code_digest)
            .returning(CODES.c.id)
        ).one_or_none()
        return ClaimedCode(tried.remember_me) if spent else None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` codes that expired so long ago that no mail restarts them; return how many."""
        return delete_some(self._executor, CODES, CODES.c.expires_at <= now - RESTARTED_FOR, limit)


def code_id(browser_secret: str, email_key: str) -> str:
    """Return what names the code of one browser and address."""
    return hashlib.sha256(f"{browser_secret}\0{email_key}".encode()).hexdigest()
