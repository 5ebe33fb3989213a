"""One-time codes in the database."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update

from identity import typed_codes
from identity.residents.one_time_codes.models import OneTimeCode
from identity.secret_keys import SecretKeys
from identity.storage import Executor, delete_some, insert_into, table_of

CODES = table_of(OneTimeCode)
# ASVS 5.0 6.5.5.
LIFETIME = timedelta(minutes=10)
# How long after its issue a code that waits to be mailed may be restarted.
RESTARTED_FOR = 2 * LIFETIME
ATTEMPTS = 5
# A code's purpose, beside those that it shares with a link (`action_links.purposes`).
CHANGE_ADDRESS = "change_address"


class CodeResult(StrEnum):
    """Whether a typed code was right, or why not."""

    RIGHT = "right"
    WRONG = "wrong"
    # Older than ten minutes, used, or never issued.
    EXPIRED = "expired"
    # Five wrong attempts: a new code is needed.
    EXHAUSTED = "exhausted"
    # Not compared: too many wrong codes were typed for the address, or from the network.
    TOO_MANY = "too_many"


class OneTimeCodes:
    """The codes, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor, secret_keys: SecretKeys) -> None:
        self._executor = executor
        self._secret_keys = secret_keys

    def issue_code(self, purpose: str, subject: str, now: datetime) -> str:
        """Return a new code as it is displayed (`typed_codes`), a secret, which replaces the one before."""
        code = typed_codes.formatted(typed_codes.generate())
        values = {
            "code_digest": self._secret_keys.keyed_digest(
                _digest_purpose(purpose), f"{subject}\0{_read(code)}"
            ),
            "attempts_left": ATTEMPTS,
            "expires_at": now + LIFETIME,
        }
        statement = insert_into(self._executor, CODES).values(purpose=purpose, subject=subject, **values)
        self._executor.execute(
            statement.on_conflict_do_update(index_elements=[CODES.c.purpose, CODES.c.subject], set_=values)
        )
        return code

    def restart_code(
        self, purpose: str, subject: str, code: str, *, issued_at: datetime, now: datetime
    ) -> bool:
        """Let the life of a code that is about to be mailed begin now; tell whether it works.

        It does unless it was used, replaced or guessed at too often, or was issued twenty minutes ago. The
        attempts at it stay counted.
        """
        if now >= issued_at + RESTARTED_FOR:
            return False
        digests = self._secret_keys.keyed_digests(_digest_purpose(purpose), f"{subject}\0{_read(code)}")
        restarted = self._executor.execute(
            update(CODES)
            .where(CODES.c.purpose == purpose, CODES.c.subject == subject, CODES.c.attempts_left > 0)
            .where(CODES.c.code_digest.in_(digests))
            .values(expires_at=now + LIFETIME)
            .returning(CODES.c.subject)
        )
        return restarted.one_or_none() is not None

    def claim_code(self, purpose: str, subject: str, code: str, now: datetime) -> CodeResult:
        """Spend an attempt, and the code itself if it is right: of any number of claims one is RIGHT.

        The attempt is taken before the code is compared, so that guesses made at once cannot exceed the
        limit. `code` is what was typed.
        """
        this = (CODES.c.purpose == purpose) & (CODES.c.subject == subject)
        tried = self._executor.execute(
            update(CODES)
            .where(this, CODES.c.expires_at > now, CODES.c.attempts_left > 0)
            .values(attempts_left=CODES.c.attempts_left - 1)
            .returning(CODES.c.code_digest, CODES.c.attempts_left)
        ).one_or_none()
        if tried is None:
            return self._why_not(purpose, subject, now)
        is_right = self._secret_keys.is_digest_of(
            tried.code_digest, _digest_purpose(purpose), f"{subject}\0{_read(code)}"
        )
        if not is_right:
            return CodeResult.WRONG if tried.attempts_left else CodeResult.EXHAUSTED
        spent = self._executor.execute(
            delete(CODES).where(this, CODES.c.code_digest == tried.code_digest).returning(CODES.c.subject)
        ).one_or_none()
        return CodeResult.RIGHT if spent else CodeResult.EXPIRED

    def delete_code(self, purpose: str, subject: str) -> None:
        """Delete the code, if any: its purpose was met in another way, such as by the link."""
        self._executor.execute(delete(CODES).where(CODES.c.purpose == purpose, CODES.c.subject == subject))

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` codes that expired so long ago that no mail restarts them; return how many."""
        return delete_some(self._executor, CODES, CODES.c.expires_at <= now - RESTARTED_FOR, limit)

    def _why_not(self, purpose: str, subject: str, now: datetime) -> CodeResult:
        row = self._executor.execute(
            select(CODES.c.expires_at).where(CODES.c.purpose == purpose, CODES.c.subject == subject)
        ).one_or_none()
        return CodeResult.EXHAUSTED if row and row.expires_at > now else CodeResult.EXPIRED


def _digest_purpose(purpose: str) -> str:
    return f"code {purpose}"


def _read(typed: str) -> str:
    # The release before mailed six digits.
    return typed_codes.parse(typed) or "".join(letter for letter in typed if letter.isdecimal())
