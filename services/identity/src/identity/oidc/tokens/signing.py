"""Signs tokens as this issuer, and verifies tokens that come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import Key
from joserfc.jws import CompactSignature, JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from identity.clock import Clock
from identity.json_text import read_jws_header
from identity.oidc.protocol.lifetimes import CLOCK_SKEW
from identity.signing_keys.key_set import KeySet, ParsedKey
from identity.signing_keys.rotation import ALGORITHMS

# Characters: this issuer's tokens are below 2,000; nothing longer is parsed.
_LONGEST = 8192
# What is checked of every token. `exp` is for those that read it: an ID token is a hint long after.
_CHECKED = ("iss", "iat", "nbf")


class TokenRefusedError(Exception):
    """A presented token is not one of this issuer's, not of the expected kind, or expired."""


@dataclass(frozen=True)
class VerifiedToken:
    """A token that this issuer signed, expired or not. Claims may hold a resident's personal data."""

    header: Mapping[str, object]
    claims: Mapping[str, object]


class TokenSigner:
    """Signs and verifies with the keys of `signing_keys`."""

    def __init__(self, key_set: KeySet, clock: Clock, issuer: str) -> None:
        self._key_set = key_set
        self._claims = JWTClaimsRegistry(
            now=lambda: seconds(clock.now()),
            leeway=int(CLOCK_SKEW.total_seconds()),
            iss={"essential": True, "value": issuer},
            iat={"essential": True},
        )

    def sign(self, claims: Mapping[str, object], alg: str, kind: str) -> str:
        """Return the claims as a JWT whose `typ` is `kind`, signed with the active key of the algorithm."""
        key = self._key_set.signing_key(alg)
        header = {"alg": alg, "typ": kind, "kid": key.kid}
        return jwt.encode(header, dict(claims), key.key, registry=_SIGNATURES)

    def verify(self, token: str) -> VerifiedToken:
        """Return a token of this issuer's, expired or not; raises `TokenRefusedError`."""
        if len(token) > _LONGEST or not token.isascii():
            raise TokenRefusedError
        try:
            read_jws_header(token)
            decoded = jwt.decode(token, self._find_key, registry=_SIGNATURES)
            self._claims.validate({name: decoded.claims[name] for name in _CHECKED if name in decoded.claims})
        except (JoseError, ValueError, TypeError):
            raise TokenRefusedError from None
        return VerifiedToken(decoded.header, decoded.claims)

    def _find_key(self, signature: object) -> Key:
        # The algorithm is the key's, never the header's choice (RFC 8725 §3.1).
        header = signature.headers() if isinstance(signature, CompactSignature) else {}
        key: ParsedKey | None = self._key_set.verifying_key(str(header.get("kid")))
        if key is None or key.alg != header.get("alg"):
            raise TokenRefusedError
        return key.key


class _SigningAlgorithms(JWSRegistry):
    """Those of the signing keys, without joserfc's warning about EdDSA, the only name that clients know."""

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


_SIGNATURES = _SigningAlgorithms()


def seconds(moment: datetime) -> int:
    """Return a NumericDate (RFC 7519 §2)."""
    return int(moment.timestamp())
