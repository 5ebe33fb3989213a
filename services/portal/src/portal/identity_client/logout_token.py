"""The logout token: what must hold before the portal ends a session (Back-Channel Logout §2.6, RFC 8725)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.errors import Reason, Refused
from portal.identity_client.id_token import LEEWAY, SUBJECT_LENGTH, UnknownKeyError, signed

EVENT = "http://schemas.openid.net/event/backchannel-logout"
# §2.4: the type with or without its `application/`.
TYPES = ("logout+jwt", "application/logout+jwt")
# Characters; identity's have about 700.
LONGEST = 8192

__all__ = ["Expected", "LogoutToken", "UnknownKeyError", "verify"]


@dataclass(frozen=True)
class LogoutToken:
    """What a verified logout token says."""

    # Names this token: it is taken once.
    jti: str
    # In Unix seconds.
    expires_at: int
    # identity's session; empty for all of the resident's.
    sid: str
    # The resident; empty where the session is named alone.
    subject: str


@dataclass(frozen=True)
class Expected:
    """What the token has to agree with. `now` in Unix seconds."""

    issuer: str
    client_id: str
    now: int


def verify(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> LogoutToken:
    """Return what the token says; raises `Refused` (LOGOUT_NOT_VERIFIED) or `UnknownKeyError`."""
    if len(token) > LONGEST or not token.isascii():
        raise _not_verified("size")
    try:
        header, claims = signed(token, keys)
    except Refused as refused:
        raise _not_verified(refused.detail) from None
    if str(header.get("typ", "")).lower() not in TYPES:
        raise _not_verified("typ")
    _check(claims, expected)
    return LogoutToken(claims["jti"], int(claims["exp"]), claims.get("sid", ""), claims.get("sub", ""))


def _check(claims: Mapping[str, Any], expected: Expected) -> None:
    if not all(_is_time(claims.get(name)) for name in ("iat", "exp")):
        raise _not_verified("iat or exp missing")
    events = claims.get("events")
    rules = {
        "iss": claims.get("iss") == expected.issuer,
        "aud": claims.get("aud") in (expected.client_id, [expected.client_id]),
        "iat": claims["iat"] < expected.now + LEEWAY,
        "exp": claims["exp"] > expected.now - LEEWAY,
        "jti": _is_text(claims.get("jti")),
        "events": isinstance(events, dict) and isinstance(events.get(EVENT), dict),
        "sid or sub": "sid" in claims or "sub" in claims,
        "sid": "sid" not in claims or _is_text(claims["sid"]),
        "sub": "sub" not in claims or _is_text(claims["sub"]),
        # It would make a logout token of an ID token.
        "nonce": "nonce" not in claims,
    }
    for name, holds in rules.items():
        if not holds:
            raise _not_verified(name)


def _is_time(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return (
        isinstance(value, str)
        and value.isascii()
        and value.isprintable()
        and 0 < len(value) <= SUBJECT_LENGTH
    )


def _not_verified(detail: str) -> Refused:
    return Refused(Reason.LOGOUT_NOT_VERIFIED, f"logout token: {detail}")
