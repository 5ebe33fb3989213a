"""Reads a security event token (RFC 8417) of identity's."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from billing_link.tokens.issuer_keys import IssuerKeys
from billing_link.tokens.signatures import BadSignatureError, verify_signature

SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
_TYPES = ("secevent+jwt", "application/secevent+jwt")
_LONGEST_ID = 255
_LATEST = 2**33


@dataclass(frozen=True, slots=True)
class EndedSession:
    """A session that ended at identity."""

    session_id: str
    ended_at: datetime


class UnreadableEventError(Exception):
    """A token that is no security event of identity's for this service; the text names the part at fault."""


def read(token: str, keys: IssuerKeys, *, issuer: str, audience: str) -> EndedSession | None:
    """Return the session that ended, or None for an event about something else.

    Raises `UnreadableEventError`, and `UnavailableError` while identity's keys cannot be had.
    """
    try:
        header, payload = verify_signature(token, keys)
        claims = json.loads(payload)
    except BadSignatureError as error:
        raise UnreadableEventError(str(error)) from None
    except (ValueError, RecursionError):
        raise UnreadableEventError("payload") from None
    if str(header.get("typ", "")).lower() not in _TYPES:
        raise UnreadableEventError("typ")
    if not isinstance(claims, dict) or claims.get("iss") != issuer:
        raise UnreadableEventError("iss")
    if claims.get("aud") not in (audience, [audience]):
        raise UnreadableEventError("aud")
    events = claims.get("events")
    if not isinstance(events, dict):
        raise UnreadableEventError("events")
    return _ended(claims, events[SESSION_REVOKED]) if SESSION_REVOKED in events else None


def _ended(claims: dict[str, Any], event: Any) -> EndedSession:  # noqa: ANN401 - a value of somebody else's JSON
    moment = event.get("event_timestamp", claims.get("iat")) if isinstance(event, dict) else None
    try:
        session_id = claims["sub_id"]["session"]["id"]
    except (KeyError, TypeError):
        raise UnreadableEventError("sub_id") from None
    if not isinstance(session_id, str) or not 0 < len(session_id) <= _LONGEST_ID:
        raise UnreadableEventError("sub_id")
    if isinstance(moment, bool) or not isinstance(moment, int) or not 0 <= moment < _LATEST:
        raise UnreadableEventError("event_timestamp")
    return EndedSession(session_id, datetime.fromtimestamp(moment, UTC))
