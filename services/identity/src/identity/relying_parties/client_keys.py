"""The public keys that a client may register (RFC 7517): no private parts, no weak keys."""

from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from joserfc.util import urlsafe_b64decode

# For client assertions, request objects and DPoP proofs. Neither `none` nor a MAC.
ALGORITHMS = ("ES256", "PS256", "RS256", "EdDSA")
_OF_TYPE = {"EC": ("ES256",), "RSA": ("PS256", "RS256"), "OKP": ("EdDSA",)}
_CURVES = {"EC": "P-256", "OKP": "Ed25519"}
_NUMBERS = ("crv", "x", "y", "n", "e")
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
# Bits. The minimum is that of RFC 7518 §3.3; above the maximum, checking a signature takes too long.
LEAST_RSA, MOST_RSA = 2048, 4096
_MOST_EXPONENT = 32
MOST_KEYS = 20
LONGEST_KID = 255

PublicKey = ECKey | RSAKey | OKPKey


def problem_with_key_set(content: object) -> str | None:
    """Return what is wrong with a JWK Set, in an operator's words, or None."""
    keys = content.get("keys") if isinstance(content, Mapping) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_KEYS:
        return f'is not a JWK Set of 1 to {MOST_KEYS} keys: {{"keys": [...]}}'
    for number, jwk in enumerate(keys, 1):
        if problem := problem_with_key(jwk):
            return f"key {number} {problem}"
    kids = [jwk.get("kid") for jwk in keys]
    if len(keys) > 1 and (None in kids or len(set(kids)) < len(kids)):
        return "has several keys, which need a kid each, all of them different"
    return None


def problem_with_key(jwk: object) -> str | None:
    """Return what is wrong with a client's public key, in an operator's words, or None."""
    if not isinstance(jwk, Mapping):
        return "is not an object"
    if any(not isinstance(jwk.get(name, ""), str) for name in ("kty", *_NUMBERS)):
        return "is broken"
    kind, kid = jwk.get("kty"), jwk.get("kid")
    faults = (
        (bool(_PRIVATE & jwk.keys()), "has private parts: register the public key, and replace this one"),
        (kind not in _OF_TYPE, "is of a type other than EC, RSA and OKP"),
        (
            kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= LONGEST_KID),
            "has a kid that is no text",
        ),
        (jwk.get("use", "sig") != "sig", "is not for signatures (use: sig)"),
        (
            kind in _CURVES and jwk.get("crv") != _CURVES.get(str(kind)),
            "is on a curve other than P-256, Ed25519",
        ),
        (
            "alg" in jwk and jwk["alg"] not in _OF_TYPE.get(str(kind), ()),
            "is for an algorithm that is not accepted",
        ),
    )
    return next((words for is_fault, words in faults if is_fault), None) or _problem_with_numbers(jwk)


def parse(jwk: Mapping[str, Any]) -> PublicKey:
    """Return the key; raises `ValueError` when it has a problem."""
    if problem := problem_with_key(jwk):
        raise ValueError(problem)
    return _imported(jwk)


def fits(jwk: Mapping[str, Any], alg: str) -> bool:
    """Tell whether the key, which has no problem, is one for this algorithm (RFC 8725 §3.1)."""
    return alg in _OF_TYPE[jwk["kty"]] and jwk.get("alg", alg) == alg


def _problem_with_numbers(jwk: Mapping[str, Any]) -> str | None:
    try:
        # Checked before the import, which takes long for a huge key.
        bits = _number(jwk["n"]).bit_length() if jwk["kty"] == "RSA" else LEAST_RSA
        if jwk["kty"] == "RSA" and _number(jwk["e"]).bit_length() > _MOST_EXPONENT:
            return "has an exponent that is too large"
        if not LEAST_RSA <= bits <= MOST_RSA:
            return f"has {bits} bits; {LEAST_RSA} to {MOST_RSA} are accepted"
        _imported(jwk)
    except (JoseError, KeyError, ValueError, TypeError):
        return "is broken"
    return None


def _number(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text.encode("ascii")))


def _imported(jwk: Mapping[str, Any]) -> PublicKey:
    # Only the members that make the key: joserfc would check the others too.
    key = import_key({name: jwk[name] for name in ("kty", *_NUMBERS) if name in jwk})
    if not isinstance(key, ECKey | RSAKey | OKPKey):
        raise TypeError("a key of another type")
    if key.public_key is None:
        raise ValueError("a key without numbers")
    return key
