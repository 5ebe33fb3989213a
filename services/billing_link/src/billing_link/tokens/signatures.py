"""Checks the signature of a JWT of identity's, whatever its type (RFC 7515, with the advice of RFC 8725)."""

from collections.abc import Mapping
from dataclasses import dataclass

from joserfc import jws
from joserfc.errors import JoseError

from billing_link.json_text import read_jws_header
from billing_link.tokens.issuer_keys import IssuerKeys

_ALGORITHMS = ("ES256", "RS256")
# Headers with which a token would bring its own key (RFC 8725 §3.10), or change how it is read: refused.
_FORBIDDEN_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})
_REGISTRY = jws.JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class VerifiedJws:
    """The content of a token that identity signed."""

    header: Mapping[str, object]
    payload: bytes

    def has_type(self, *types: str) -> bool:
        """Tell whether the header `typ` is one of these, given in lower case."""
        return str(self.header.get("typ", "")).lower() in types


@dataclass(frozen=True, slots=True)
class InvalidJws:
    """The token is not signed by identity; `part` names the part at fault, for the log."""

    part: str


def verify_jws(token: str, keys: IssuerKeys) -> VerifiedJws | InvalidJws:
    """Verify the signature of a compact JWS; raises `UnavailableError` while there are no keys."""
    try:
        header = read_jws_header(token)
        parsed = jws.extract_compact(token.encode(), registry=_REGISTRY)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in _ALGORITHMS or _FORBIDDEN_HEADERS & header.keys() or not isinstance(kid, str):
            return InvalidJws("header")
        key = keys.find_key(kid, algorithm)
        if key is None:
            return InvalidJws("key")
        if not jws.validate_compact(parsed, key, algorithms=[algorithm], registry=_REGISTRY):
            return InvalidJws("signature")
    except (JoseError, ValueError, TypeError):
        return InvalidJws("signature")
    return VerifiedJws(header, parsed.payload)
