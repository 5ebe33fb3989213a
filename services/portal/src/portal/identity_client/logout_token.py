"""The logout token: signature and claims (OpenID Connect Back-Channel Logout §2.6, RFC 8725)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from portal.errors import LogoutNotVerifiedError, SignInNotVerifiedError
from portal.identity_client.id_token import LEEWAY, SUBJECT_LENGTH, verify_signature

EVENT = "http://schemas.openid.net/event/backchannel-logout"
# §2.4; RFC 7515 §4.1.9: `application/` may be left out.
TYPES = ("logout+jwt", "application/logout+jwt")
# Characters; identity's have about 700.
LONGEST = 8192


@dataclass(frozen=True)
class LogoutToken:
    """The claims of a verified logout token. Of `sid` and `subject` at most one is empty."""

    # Identifies this token: it is accepted once.
    jti: str
    # In Unix seconds.
    expires_at: int
    # Identity's session; empty for all sessions of the resident.
    sid: str
    # The resident; empty where the token names the session alone.
    subject: str


@dataclass(frozen=True)
class Expected:
    """What the token must agree with. `now` in Unix seconds."""

    issuer: str
    client_id: str
    now: int


def verify(token: str, keys: Sequence[Mapping[str, object]], expected: Expected) -> LogoutToken:
    """Return the token's claims; raises `LogoutNotVerifiedError` or `UnknownKeyError`."""
    if len(token) > LONGEST or not token.isascii():
        raise _not_verified("size")
    try:
        signed = verify_signature(token, keys)
    except SignInNotVerifiedError as error:
        raise _not_verified(error.detail) from None
    if str(signed.header.get("typ", "")).lower() not in TYPES:
        raise _not_verified("typ")
    return _verified_claims(signed.claims, expected)


def _verified_claims(claims: Mapping[str, object], expected: Expected) -> LogoutToken:
    issued_at, expires_at, events = claims.get("iat"), claims.get("exp"), claims.get("events")
    if not (_is_time(issued_at) and _is_time(expires_at)):
        raise _not_verified("iat or exp missing")
    rules = {
        "iss": claims.get("iss") == expected.issuer,
        "aud": claims.get("aud") in (expected.client_id, [expected.client_id]),
        "iat": issued_at < expected.now + LEEWAY,
        "exp": expires_at > expected.now - LEEWAY,
        "jti": _is_text(claims.get("jti")),
        "events": isinstance(events, dict) and isinstance(events.get(EVENT), dict),
        "sid or sub": "sid" in claims or "sub" in claims,
        "sid": "sid" not in claims or _is_text(claims["sid"]),
        "sub": "sub" not in claims or _is_text(claims["sub"]),
        # §2.4: prohibited, so that an ID token cannot serve as a logout token.
        "nonce": "nonce" not in claims,
    }
    for name, holds in rules.items():
        if not holds:
            raise _not_verified(name)
    return LogoutToken(
        jti=str(claims["jti"]),
        expires_at=expires_at,
        sid=str(claims.get("sid", "")),
        subject=str(claims.get("sub", "")),
    )


def _is_time(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return (
        isinstance(value, str)
        and value.isascii()
        and value.isprintable()
        and 0 < len(value) <= SUBJECT_LENGTH
    )


def _not_verified(detail: str) -> LogoutNotVerifiedError:
    return LogoutNotVerifiedError(f"logout token: {detail}")
