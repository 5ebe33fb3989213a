"""Event types of CAEP 1.0 and RISC 1.0, with subject identifiers of RFC 9493."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from identity.account_events import (
    AccountDisabled,
    AccountEvent,
    AccountPurged,
    AddressChanged,
    PasswordChanged,
    SessionEnded,
)


class EventType(StrEnum):
    """The event types that a receiver can ask for; operators name each by the last segment of its URI."""

    SESSION_REVOKED = "session-revoked"
    CREDENTIAL_CHANGE = "credential-change"
    ACCOUNT_DISABLED = "account-disabled"
    ACCOUNT_PURGED = "account-purged"
    IDENTIFIER_CHANGED = "identifier-changed"

    @property
    def uri(self) -> str:
        """The name of the event type in the token."""
        profile = "caep" if self in (self.SESSION_REVOKED, self.CREDENTIAL_CHANGE) else "risc"
        return f"https://schemas.openid.net/secevent/{profile}/event-type/{self.value}"


@dataclass(frozen=True)
class SecurityEvent:
    """One event. Its subject identifies a resident, perhaps by the email address."""

    type: EventType
    subject: Mapping[str, object]
    content: Mapping[str, object]

    @property
    def claims(self) -> dict[str, object]:
        """The claims about the event (RFC 8417 §2.2, RFC 9493 §4)."""
        return {"sub_id": self.subject, "events": {self.type.uri: self.content}}


def event_of(event: AccountEvent, issuer: str, at: datetime) -> SecurityEvent | None:
    """Return the security event, or None for an account event that receivers do not get."""
    resident: dict[str, object] = {"format": "iss_sub", "iss": issuer, "sub": event.resident_id}
    moment: dict[str, object] = {"event_timestamp": int(at.timestamp())}
    match event:
        case SessionEnded(session_id=sid, by=by):
            session = {"format": "opaque", "id": sid}
            subject = {"format": "complex", "user": resident, "session": session}
            return SecurityEvent(EventType.SESSION_REVOKED, subject, moment | {"initiating_entity": by.value})
        case PasswordChanged(by=by):
            change = {
                "initiating_entity": by.value,
                "credential_type": "password",
                "change_type": "update",
            }
            return SecurityEvent(EventType.CREDENTIAL_CHANGE, resident, moment | change)
        case AccountDisabled():
            return SecurityEvent(EventType.ACCOUNT_DISABLED, resident, {})
        case AccountPurged():
            return SecurityEvent(EventType.ACCOUNT_PURGED, resident, {})
        case AddressChanged(old=old, new=new):
            # RISC §2.5: the subject is the identifier as it was.
            subject = {"format": "email", "email": old}
            return SecurityEvent(EventType.IDENTIFIER_CHANGED, subject, {"new-value": new})
    return None
