"""What a page needs after a redirect, sealed in its address: for one session or browser, and for a while."""

from collections.abc import Mapping

from portal.clock import Clock
from portal.secret_keys import DecryptionError, SecretKeys

PURPOSE = "form-state"
LIFETIME_SECONDS = 3600


class FormState:
    """Seals values for their owner: a session's id or a browser's secret. May hold personal data."""

    def __init__(self, secret_keys: SecretKeys, clock: Clock) -> None:
        self._secret_keys, self._clock = secret_keys, clock

    def seal(self, owner: str, values: Mapping[str, object]) -> str:
        """Return JSON values as encrypted, URL-safe text."""
        return self._secret_keys.encrypt(PURPOSE, owner, dict(values), now=self._now())

    def open(self, owner: str, sealed: str, lifetime: int = LIFETIME_SECONDS) -> Mapping[str, object]:
        """Return the values; empty if they are another owner's or older than `lifetime` seconds."""
        if not sealed or not owner:
            return {}
        try:
            return self._secret_keys.decrypt(PURPOSE, owner, sealed, now=self._now(), lifetime=lifetime)
        except DecryptionError:
            return {}

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
