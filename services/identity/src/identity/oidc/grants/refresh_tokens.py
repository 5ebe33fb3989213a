"""Refresh tokens and their families (RFC 9700 §4.14.2).

A family is a grant, a counter and a seed. Its tokens are derived, not stored: generation n is an HMAC over
the grant, n and the seed. So the successor of a token is always the same text, and a client that lost a
response gets it again although it is stored nowhere. A stolen database makes no tokens, nor does a stolen
key alone.

The seed of a family never changes, so a process remembers those that it used last: the proof of their tokens
is checked before the database is asked, and rotation is one statement (docs/decisions/0076).
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from threading import Lock

from joserfc.util import urlsafe_b64encode

from identity.secret_keys import SecretKeys

_FORM = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9]{1,9})\.([A-Za-z0-9_-]{43})")
# Families, of about 300 bytes each.
_REMEMBERED = 10_000


@dataclass(frozen=True)
class ParsedRefreshToken:
    """The parts of a presented refresh token; `RefreshFamilies.is_genuine` tells whether it is one."""

    grant_id: str
    generation: int
    proof: str


class RefreshFamilies:
    """Derives refresh tokens and verifies presented ones."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._keys = secret_keys.derive("refresh token")
        # By grant, the first to be forgotten first. What a revocation has to reach is not here.
        self._seeds: dict[str, str] = {}
        self._lock = Lock()

    def token(self, grant_id: str, generation: int, seed: str) -> str:
        """Return the token of this generation."""
        return f"{grant_id}.{generation}.{_proof(self._keys[-1], grant_id, generation, seed)}"

    def parse(self, text: str) -> ParsedRefreshToken | None:
        """Return the parts of a presented token, or None where it has not the form of one."""
        match = _FORM.fullmatch(text)
        return ParsedRefreshToken(match[1], int(match[2]), match[3]) if match else None

    def is_genuine(self, token: ParsedRefreshToken, seed: str) -> bool:
        """Tell whether this token was made here, with any of the configured keys."""
        return any(
            hmac.compare_digest(token.proof, _proof(key, token.grant_id, token.generation, seed))
            for key in self._keys
        )

    def begin(self, grant_id: str, seed: str) -> str:
        """Return the first token of a family that was just stored."""
        self.remember(grant_id, seed)
        return self.token(grant_id, 0, seed)

    def remember(self, grant_id: str, seed: str) -> None:
        """Remember the seed of a stored family, of which a token was found genuine."""
        if self._seeds.get(grant_id) == seed:
            return
        with self._lock:
            self._seeds[grant_id] = seed
            if len(self._seeds) > _REMEMBERED:
                del self._seeds[next(iter(self._seeds))]

    def remembered_seed(self, token: ParsedRefreshToken) -> str | None:
        """Return the seed that the token is genuine with; None if it is forgotten, or of another."""
        seed = self._seeds.get(token.grant_id)
        return seed if seed is not None and self.is_genuine(token, seed) else None


def _proof(key: bytes, grant_id: str, generation: int, seed: str) -> str:
    mac = hmac.new(key, f"{grant_id}\0{generation}\0{seed}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(mac).decode()
