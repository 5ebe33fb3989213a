"""The ID token: signature and claims (OpenID Connect Core §3.1.3.7, RFC 8725)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from portal.errors import SignInNotVerifiedError
from portal.json_text import JsonRefusedError, read_json_object, read_jws_header

# RFC 8725 §3.1: accepted whatever token or metadata say, each with the one type of key that fits.
ALGORITHMS: dict[str, type[ECKey] | type[RSAKey]] = {"ES256": ECKey, "RS256": RSAKey}
# How far the two clocks may differ, in seconds.
LEEWAY = 60
# OpenID Connect Core §2: `sub` has at most 255 ASCII characters.
SUBJECT_LENGTH = 255
PUBLIC_KEY_MEMBERS = ("kty", "crv", "x", "y", "n", "e", "alg", "use", "kid")


class UnknownKeyError(Exception):
    """No key of the set can have signed the token; the set may be out of date."""


@dataclass(frozen=True)
class IdToken:
    """The claims of a verified ID token that the portal uses."""

    subject: str
    # Identity's session; empty if the token names none.
    sid: str


@dataclass(frozen=True)
class Expected:
    """What this ID token must agree with. `now` in Unix seconds."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    now: int


@dataclass(frozen=True)
class SignedJwt:
    """Header and claims of a JWT whose signature is one of identity's keys."""

    header: Mapping[str, object]
    claims: Mapping[str, object]


def verify(token: str, keys: Sequence[Mapping[str, object]], expected: Expected) -> IdToken:
    """Return the token's claims; raises `SignInNotVerifiedError` or `UnknownKeyError`."""
    signed = verify_signature(token, keys)
    if signed.header.get("typ", "JWT") != "JWT":
        raise _not_verified("typ: not an ID token")
    return _verified_claims(signed.claims, expected)


def verify_signature(token: str, keys: Sequence[Mapping[str, object]]) -> SignedJwt:
    """Return header and claims of a JWT of any type that identity signed; its claims are not checked.

    Raises `SignInNotVerifiedError` or `UnknownKeyError`.
    """
    header = _parse_header(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise _not_verified(f"alg {algorithm!r}")
    for key in _candidate_keys(header, algorithm, keys):
        try:
            verified = jws.deserialize_compact(token, key, algorithms=[algorithm])
            return SignedJwt(header, read_json_object(verified.payload))
        except (JoseError, ValueError):  # another key of the set may have signed it
            continue
    raise _not_verified("signature")


def _not_verified(detail: str) -> SignInNotVerifiedError:
    return SignInNotVerifiedError(f"ID token: {detail}")


def _parse_header(token: str) -> Mapping[str, object]:
    try:
        return read_jws_header(token)
    except JsonRefusedError:
        raise _not_verified("not a JWT") from None


def _candidate_keys(
    header: Mapping[str, object], algorithm: str, keys: Sequence[Mapping[str, object]]
) -> list[ECKey | RSAKey]:
    """Return the key that `kid` names; without `kid`, every key that fits the algorithm."""
    kid, key_type = header.get("kid"), ALGORITHMS[algorithm]
    fitting = [
        jwk
        for jwk in keys
        if jwk.get("kty") == key_type.key_type
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", algorithm) == algorithm
        and kid in (None, jwk.get("kid"))
    ]
    if not fitting:
        raise UnknownKeyError
    try:
        imported = [
            JWKRegistry.import_key({k: str(v) for k, v in jwk.items() if k in PUBLIC_KEY_MEMBERS})
            for jwk in fitting
        ]
    except (JoseError, ValueError, KeyError):
        raise _not_verified("a key that cannot be read") from None
    return [key for key in imported if isinstance(key, ECKey | RSAKey)]


def _verified_claims(claims: Mapping[str, object], expected: Expected) -> IdToken:
    subject, sid = claims.get("sub"), claims.get("sid")
    expires_at, issued_at = claims.get("exp"), claims.get("iat")
    if not (_is_time(expires_at) and _is_time(issued_at)):
        raise _not_verified("exp or iat missing")
    rules = {
        "iss": claims.get("iss") == expected.issuer,
        "aud": claims.get("aud") in (expected.client_id, [expected.client_id]),
        "azp": claims.get("azp", expected.client_id) == expected.client_id,
        "sub": isinstance(subject, str) and subject.isascii() and 0 < len(subject) <= SUBJECT_LENGTH,
        "exp": expires_at > expected.now - LEEWAY,
        "iat": issued_at < expected.now + LEEWAY,
        "nonce": _equal(claims.get("nonce"), expected.nonce),
        "at_hash": "at_hash" not in claims or _equal(claims["at_hash"], _at_hash(expected.access_token)),
    }
    for name, holds in rules.items():
        if not holds:
            raise _not_verified(name)
    return IdToken(str(subject), sid if isinstance(sid, str) and len(sid) <= SUBJECT_LENGTH else "")


def _is_time(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())


def _at_hash(access_token: str) -> str:
    """Return `at_hash` (OpenID Connect Core §3.1.3.6): SHA-256 for both algorithms."""
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()
