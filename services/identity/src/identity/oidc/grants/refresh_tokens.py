"""Refresh tokens and their families (RFC 9700 §4.14.2).

A family is a grant, a counter and a seed. Its tokens are derived, not stored: generation n is an HMAC over
the grant, n and the seed. So the successor of a token is always the same text, and a client whose answer was
lost can be given it again without it being kept anywhere; a stolen database makes no tokens, nor does a
stolen key alone.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from identity.secret_keys import SecretKeys

_FORM = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9]{1,9})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class PresentedToken:
    """A refresh token as it was sent: proven genuine only by `RefreshFamilies.is_genuine`."""

    grant_id: str
    generation: int
    proof: str


class RefreshFamilies:
    """Derives refresh tokens and proves presented ones."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._keys = secret_keys.derive("refresh token")

    def token(self, grant_id: str, generation: int, seed: str) -> str:
        """Return the token of this generation."""
        return f"{grant_id}.{generation}.{_proof(self._keys[-1], grant_id, generation, seed)}"

    def parse(self, text: str) -> PresentedToken | None:
        """Return the parts of a presented token, or None when it has not the form of one."""
        match = _FORM.fullmatch(text)
        return PresentedToken(match[1], int(match[2]), match[3]) if match else None

    def is_genuine(self, token: PresentedToken, seed: str) -> bool:
        """Tell whether we made this token, with whichever of the configured keys."""
        return any(
            hmac.compare_digest(token.proof, _proof(key, token.grant_id, token.generation, seed))
            for key in self._keys
        )


def _proof(key: bytes, grant_id: str, generation: int, seed: str) -> str:
    mac = hmac.new(key, f"{grant_id}\0{generation}\0{seed}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
