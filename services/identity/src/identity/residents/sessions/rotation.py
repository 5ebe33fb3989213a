"""The rotation of a session's secret, so that a copy of the cookie is soon worth nothing.

The cookie's text is a series, which stays, and a token, which is replaced while the session is used. The
successor of a text is always the same one (an HMAC), so a browser that lost a response gets it again,
although only digests are stored. Of two browsers with one cookie, one sends a former text before long: the
session ends (docs/decisions/0069).
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from identity import randomness
from identity.secret_keys import SecretKeys, digest

# A session that is used gets a new text this often.
ROTATE_EVERY = timedelta(minutes=10)
# After the new text is first seen, for requests that are under way in other tabs.
FORMER_GRACE = timedelta(minutes=1)
# While the new one is not seen: its response may have been lost.
UNCONFIRMED_GRACE = timedelta(hours=1)

_SERIES = len(randomness.identifier())
_LENGTH = _SERIES + len(randomness.secret())


class SecretUse(Enum):
    """What a text that belongs to a session means."""

    CURRENT = auto()
    # The present one, for the first time since the rotation.
    FIRST_SEEN = auto()
    # The present one, to be replaced.
    DUE = auto()
    # The former one, of a browser that does not have its successor yet.
    SUCCESSOR_LOST = auto()
    # The former one, of a request that was under way.
    FORMER = auto()
    # Too old, and the successor was never seen.
    EXPIRED = auto()
    # Too old, and the successor was seen: two browsers have the cookie.
    REPLAYED = auto()


@dataclass(frozen=True)
class Rotation:
    """Where a session's rotation stands, as stored."""

    secret_digest: str
    former_digest: str | None
    rotated_at: datetime | None
    confirmed_at: datetime | None

    def use_of(self, text: str, now: datetime) -> SecretUse:
        """Return what this text means, whose series or digest is the session's."""
        presented = digest(text)
        if hmac.compare_digest(presented, self.secret_digest):
            if self.former_digest and self.confirmed_at is None:
                return SecretUse.FIRST_SEEN
            is_due = self.rotated_at is not None and self.rotated_at <= now - ROTATE_EVERY
            return SecretUse.DUE if is_due and series_of(text) else SecretUse.CURRENT
        if not self.former_digest or not hmac.compare_digest(presented, self.former_digest):
            return SecretUse.REPLAYED
        if self.confirmed_at is not None:
            return SecretUse.FORMER if now < self.confirmed_at + FORMER_GRACE else SecretUse.REPLAYED
        is_recent = self.rotated_at is not None and now < self.rotated_at + UNCONFIRMED_GRACE
        return SecretUse.SUCCESSOR_LOST if is_recent else SecretUse.EXPIRED


class SecretRotation:
    """Makes the successors of secrets."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._key = secret_keys.derive("session rotation")[-1]

    def successor(self, text: str) -> str:
        """Return the text that follows this one."""
        token = hmac.new(self._key, text.encode(), hashlib.sha256).digest()
        return text[:_SERIES] + urlsafe_b64encode(token).decode().rstrip("=")


def new_secret() -> str:
    """Return a cookie's text for a session that begins, or goes on after a sign-in."""
    return randomness.identifier() + randomness.secret()


def series_of(text: str) -> str | None:
    """Return the part that stays; None for a text of the release before, which has none."""
    return text[:_SERIES] if len(text) == _LENGTH else None


def fresh_columns(secret: str, now: datetime) -> dict[str, str | datetime | None]:
    """Return the columns of a secret that replaces all before it."""
    return {
        "secret_digest": digest(secret),
        "series_digest": digest(series_of(secret) or secret),
        "former_digest": None,
        "rotated_at": now,
        "confirmed_at": now,
    }
