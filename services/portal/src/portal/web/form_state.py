"""Typed values that travel through a redirect: sealed, in the address, for one browser or session."""

from portal.clock import Clock
from portal.sealing import Keyring, SealBrokenError

PURPOSE = "carried"
LIFETIME_SECONDS = 3600


class CarriedValues:
    """Seals what a form was filled with, so that neither a redirect nor a sign-in loses it."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring, self._clock = keyring, clock

    def seal(self, owner: str, values: dict[str, str]) -> str:
        """Return the values as URL-safe text that only their owner can use, for an hour."""
        return self._keyring.seal(PURPOSE, owner, dict(values), now=self._now())

    def open(self, owner: str, sealed: str) -> dict[str, str]:
        """Return the values; none if they are too old or somebody else's."""
        if not sealed or not owner:
            return {}
        try:
            values = self._keyring.open(PURPOSE, owner, sealed, now=self._now(), lifetime=LIFETIME_SECONDS)
        except SealBrokenError:
            return {}
        return {name: str(value) for name, value in values.items()}

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
