"""JWTs that clients sign: parsed within bounds, then verified with keys that fit (RFC 7515, RFC 8725)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import CompactSignature, JWSRegistry
from joserfc.util import urlsafe_b64decode

from identity.json_text import read_json_object, read_jws_header
from identity.relying_parties.client_keys import ALGORITHMS, PublicKey

# Characters; request objects with many claims have 2,000.
LONGEST = 8192
# Headers with which a JWT brings or names its own key are refused, not ignored (RFC 8725 §3.10).
_FORBIDDEN = frozenset(("jku", "x5u", "x5c", "crit", "b64"))
# Sizes are bounded here; header names are checked below.
_REGISTRY = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
_REGISTRY.max_header_length = _REGISTRY.max_payload_length = LONGEST


class JwtRefusedError(Exception):
    """Not an acceptable JWT; the text, in ASCII, tells the client's developer why."""


@dataclass(frozen=True)
class UnverifiedJwt:
    """A parsed JWT whose signature is not verified yet."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    _signed: CompactSignature

    @property
    def alg(self) -> str:
        """The algorithm, one of `ALGORITHMS`."""
        return str(self.header["alg"])

    @property
    def kid(self) -> str | None:
        """The id of the key that the header names."""
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) else None

    def is_signed_by(self, keys: Iterable[PublicKey]) -> bool:
        """Tell whether one of these keys, all of them for `alg`, made the signature."""
        # Called without joserfc's `validate_compact`, which warns about the name EdDSA (RFC 9864).
        algorithm = JWSRegistry.algorithms[self.alg]
        return any(_holds(algorithm, self._signed, key) for key in keys)


def parse_unverified(text: str, types: Iterable[str | None]) -> UnverifiedJwt:
    """Return a JWT of one of these types (`typ`, lower case; None: without); raises `JwtRefusedError`."""
    if len(text) > LONGEST or not text.isascii():
        raise JwtRefusedError("is too long, or not ASCII")
    try:
        header = read_jws_header(text)
        signed = jws.extract_compact(text.encode(), registry=_REGISTRY)
        claims = read_json_object(signed.payload)
    except (JoseError, ValueError, TypeError):
        raise JwtRefusedError("is not a signed JWT") from None
    if _FORBIDDEN & header.keys():
        raise JwtRefusedError("is not a signed JWT, or has a header that is not accepted")
    if header.get("alg") not in ALGORITHMS:
        raise JwtRefusedError(f"is not signed with one of {', '.join(ALGORITHMS)}")
    kind = header.get("typ")
    if kind is not None and not isinstance(kind, str):
        raise JwtRefusedError("has a typ that is no text")
    if (kind.lower().removeprefix("application/") if kind else None) not in types:
        raise JwtRefusedError("has a typ of another kind of JWT")
    return UnverifiedJwt(header, claims, signed)


def moment(claims: Mapping[str, object], name: str) -> int | None:
    """Return a time in seconds, or None when it is absent; raises `JwtRefusedError`."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**11:
        raise JwtRefusedError(f"has an {name} that is no time")
    return int(value)


def identifier(claims: Mapping[str, object]) -> str | None:
    """Return `jti`, or None when it is absent; raises `JwtRefusedError`."""
    value = claims.get("jti")
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= 255):  # noqa: PLR2004 - as long as any of ours
        raise JwtRefusedError("has a jti that is no text of 1 to 255 characters")
    return value


def _holds(algorithm: JWSAlgModel, signed: CompactSignature, key: PublicKey) -> bool:
    try:
        algorithm.check_key(key)
        signature = urlsafe_b64decode(signed.segments["signature"])
        message = signed.segments["header"] + b"." + signed.segments["payload"]
        return bool(algorithm.verify(message, signature, key))
    except (JoseError, ValueError, TypeError):
        return False
