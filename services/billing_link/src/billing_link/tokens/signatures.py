"""Opens what identity signed, whatever kind of token it is; RFC 8725 says what is refused."""

from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from billing_link.tokens.issuer_keys import IssuerKeys

_ALGORITHMS = ("ES256", "RS256")
# RFC 8725 section 3.10: headers that would let a token bring its own key are not looked at but refused.
_FORBIDDEN_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})
_REGISTRY = jws.JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)


class BadSignatureError(Exception):
    """The token is not identity's; the text says which part is at fault, for the log."""


def verify_signature(token: str, keys: IssuerKeys) -> tuple[Mapping[str, Any], bytes]:
    """Return the header and the payload of a token whose signature holds.

    Raises `BadSignatureError`, and `UnavailableError` while identity's keys cannot be had.
    """
    try:
        parsed = jws.extract_compact(token.encode(), registry=_REGISTRY)
        header = parsed.headers()
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in _ALGORITHMS or _FORBIDDEN_HEADERS & header.keys() or not isinstance(kid, str):
            raise BadSignatureError("header")
        key = keys.find_key(kid, algorithm)
        if key is None:
            raise BadSignatureError("key")
        if not jws.validate_compact(parsed, key, algorithms=[algorithm], registry=_REGISTRY):
            raise BadSignatureError("signature")
    except (JoseError, ValueError, TypeError):
        raise BadSignatureError("signature") from None
    return header, parsed.payload
