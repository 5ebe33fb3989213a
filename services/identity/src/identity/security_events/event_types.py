"""The words of security events: CAEP 1.0 and RISC 1.0, about subjects as RFC 9493 names them."""

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
    """What a receiver can be told of, as operators name it: the last part of the event's address."""

    SESSION_REVOKED = "session-revoked"
    CREDENTIAL_CHANGE = "credential-change"
    ACCOUNT_DISABLED = "account-disabled"
    ACCOUNT_PURGED = "account-purged"
    IDENTIFIER_CHANGED = "identifier-changed"

    @property
    def uri(self) -> str:
        """The event's name in the token."""
        profile = "caep" if self in (self.SESSION_REVOKED, self.CREDENTIAL_CHANGE) else "risc"
        return f"https://schemas.openid.net/secevent/{profile}/event-type/{self.value}"


@dataclass(frozen=True)
class SecurityEvent:
    """One event: about whom, and what is said."""

    type: EventType
    subject: Mapping[str, object]
    said: Mapping[str, object]

    @property
    def claims(self) -> dict[str, object]:
        """What the token says of it (RFC 8417 §2.2)."""
        return {"sub_id": self.subject, "events": {self.type.uri: self.said}}


def event_of(event: AccountEvent, issuer: str, at: datetime) -> SecurityEvent | None:
    """Return the event, or None for what is no receiver's business."""
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
