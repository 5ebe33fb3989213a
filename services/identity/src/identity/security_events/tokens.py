"""Security event tokens (RFC 8417), signed at delivery: with the key that is active then."""

from collections.abc import Mapping

from joserfc import jwt

from identity.signing_keys.key_set import KeySet

ALGORITHM = "ES256"
TYPE = "secevent+jwt"


class SecurityEventTokens:
    """Signs security events."""

    def __init__(self, key_set: KeySet) -> None:
        self._key_set = key_set

    def sign(self, claims: Mapping[str, object]) -> str:
        """Return the token. Its `typ` keeps verifiers from taking it for another kind of JWT (§2.3, §4.6)."""
        key = self._key_set.signing_key(ALGORITHM)
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
        return jwt.encode(header, dict(claims), key.key, [ALGORITHM])
