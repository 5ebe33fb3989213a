"""The ID token: what must hold before the portal believes it (OpenID Connect Core §3.1.3.7, RFC 8725)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from portal.errors import Reason, Refused

# Pinned here, whatever the token or the metadata say; each with the one type of key that may have made it.
ALGORITHMS: dict[str, type[ECKey] | type[RSAKey]] = {"ES256": ECKey, "RS256": RSAKey}
# How far the two clocks may be apart, in seconds.
LEEWAY = 60
# OpenID Connect Core §2: `sub` has at most 255 ASCII characters.
SUBJECT_LENGTH = 255


class UnknownKeyError(Exception):
    """No key of the set can have signed the token: perhaps the set is old."""


@dataclass(frozen=True)
class IdToken:
    """What a verified ID token says."""

    subject: str
    # identity's session, empty where the token names none.
    sid: str


@dataclass(frozen=True)
class Expected:
    """What this ID token has to agree with. `now` in Unix seconds."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    now: int


def verify(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> IdToken:
    """Return what the token says; raises `Refused` (SIGN_IN_NOT_VERIFIED) or `UnknownKeyError`."""
    header, claims = signed(token, keys)
    if header.get("typ", "JWT") != "JWT":
        raise _not_verified("typ: not an ID token")
    _check(claims, expected)
    sid = claims.get("sid", "")
    return IdToken(claims["sub"], sid if isinstance(sid, str) and len(sid) <= SUBJECT_LENGTH else "")


def signed(token: str, keys: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token that identity signed, of whatever type.

    Raises `Refused` (SIGN_IN_NOT_VERIFIED) or `UnknownKeyError`.
    """
    header = _header(token)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise _not_verified(f"alg {algorithm!r}")
    return header, _signed_claims(token, algorithm, _candidates(header, algorithm, keys))


def _not_verified(detail: str) -> Refused:
    return Refused(Reason.SIGN_IN_NOT_VERIFIED, f"ID token: {detail}")


def _header(token: str) -> dict[str, Any]:
    try:
        first = token.split(".", maxsplit=1)[0]
        header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, binascii.Error):
        raise _not_verified("not a JWT") from None
    if not isinstance(header, dict):
        raise _not_verified("not a JWT")
    return header


def _candidates(
    header: Mapping[str, Any], algorithm: str, keys: Sequence[Mapping[str, Any]]
) -> list[ECKey | RSAKey]:
    """Return the keys that may have signed: the one that is named; where none is, each that fits."""
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
            JWKRegistry.import_key({k: str(v) for k, v in jwk.items() if k in _MATERIAL}) for jwk in fitting
        ]
    except (JoseError, ValueError, KeyError):
        raise _not_verified("a key that cannot be read") from None
    return [key for key in imported if isinstance(key, ECKey | RSAKey)]


_MATERIAL = ("kty", "crv", "x", "y", "n", "e", "alg", "use", "kid")


def _signed_claims(token: str, algorithm: str, keys: Sequence[ECKey | RSAKey]) -> dict[str, Any]:
    for key in keys:
        try:
            return jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError):  # the next key may be the one
            continue
    raise _not_verified("signature")


def _check(claims: Mapping[str, Any], expected: Expected) -> None:
    subject = claims.get("sub")
    times = [claims.get("exp"), claims.get("iat")]
    if not all(isinstance(time, int | float) and not isinstance(time, bool) for time in times):
        raise _not_verified("exp or iat missing")
    rules = {
        "iss": claims.get("iss") == expected.issuer,
        "aud": claims.get("aud") in (expected.client_id, [expected.client_id]),
        "azp": claims.get("azp", expected.client_id) == expected.client_id,
        "sub": isinstance(subject, str) and subject.isascii() and 0 < len(subject) <= SUBJECT_LENGTH,
        "exp": claims["exp"] > expected.now - LEEWAY,
        "iat": claims["iat"] < expected.now + LEEWAY,
        "nonce": _same(claims.get("nonce"), expected.nonce),
        "at_hash": "at_hash" not in claims or _same(claims["at_hash"], _half_hash(expected.access_token)),
    }
    for name, holds in rules.items():
        if not holds:
            raise _not_verified(name)


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())


def _half_hash(access_token: str) -> str:
    """Return `at_hash` (OpenID Connect Core §3.1.3.6); both algorithms in use here go with SHA-256."""
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()
