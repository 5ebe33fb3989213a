"""Reads a security event token (RFC 8417) of identity's."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from billing_link.json_text import JsonRefusedError, read_json_object
from billing_link.tokens.issuer_keys import IssuerKeys
from billing_link.tokens.signatures import InvalidJws, VerifiedJws, verify_jws

SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
_TYPES = ("secevent+jwt", "application/secevent+jwt")
_LONGEST_ID = 255
_LATEST = 2**33


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session that ended at identity."""

    session_id: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """An event that does not end a session."""


@dataclass(frozen=True, slots=True)
class UnreadableEvent:
    """Not a security event of identity's for this service; `part` names the part at fault, for the log."""

    part: str


class _BadPartError(Exception):
    """One part of the token is wrong; the text names it."""


def read_security_event(
    token: str, keys: IssuerKeys, *, audience: str
) -> SessionEnded | OtherEvent | UnreadableEvent:
    """Verify and read one security event token; raises `UnavailableError` while there are no keys."""
    verified = verify_jws(token, keys)
    if isinstance(verified, InvalidJws):
        return UnreadableEvent(verified.part)
    try:
        claims = _checked_claims(verified, keys.issuer, audience)
        events = claims["events"]
        return _session_ended(events[SESSION_REVOKED], claims) if SESSION_REVOKED in events else OtherEvent()
    except _BadPartError as error:
        return UnreadableEvent(str(error))


def _checked_claims(verified: VerifiedJws, issuer: str, audience: str) -> dict[str, Any]:
    """Return the claims of a security event token of this issuer for this audience; `events` is an object."""
    if not verified.has_type(*_TYPES):
        raise _BadPartError("typ")
    try:
        claims: dict[str, Any] = read_json_object(verified.payload)
    except JsonRefusedError:
        raise _BadPartError("payload") from None
    if claims.get("iss") != issuer:
        raise _BadPartError("iss")
    if claims.get("aud") not in (audience, [audience]):
        raise _BadPartError("aud")
    if not isinstance(claims.get("events"), dict):
        raise _BadPartError("events")
    return claims


def _session_ended(event: object, claims: dict[str, Any]) -> SessionEnded:
    """Read a `session-revoked` event (CAEP 1.0 §3.1): its session, and when it ended."""
    moment = event.get("event_timestamp", claims.get("iat")) if isinstance(event, dict) else None
    try:
        session_id = claims["sub_id"]["session"]["id"]
    except (KeyError, TypeError):
        raise _BadPartError("sub_id") from None
    if not isinstance(session_id, str) or not 0 < len(session_id) <= _LONGEST_ID:
        raise _BadPartError("sub_id")
    if isinstance(moment, bool) or not isinstance(moment, int) or not 0 <= moment < _LATEST:
        raise _BadPartError("event_timestamp")
    return SessionEnded(session_id, datetime.fromtimestamp(moment, UTC))
