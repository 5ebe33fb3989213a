"""Security event tokens that providers send (SET, RFC 8417): their kinds, and how a token is verified."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from joserfc import jwt
from joserfc.errors import JoseError

from identity.identity_providers.claims import text
from identity.identity_providers.keys import SigningKeys
from identity.identity_providers.signed_tokens import ALGORITHMS, LEEWAY, Claims, read_signed, refused


class SecurityEventKind(StrEnum):
    """What happened to a resident's account at the provider. Closed."""

    # Another person has, or had, access to the account.
    ACCOUNT_TAKEOVER = "account_takeover"
    # The provider requires a new password, which proves no takeover.
    ACCOUNT_AT_RISK = "account_at_risk"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_DELETED = "account_deleted"
    # The person withdrew, at the provider, the consent given to us.
    ACCESS_REVOKED = "access_revoked"
    # The operator's test of the stream; `SecurityEvent.note` repeats its text.
    TEST = "test"

    @property
    def ends_sessions(self) -> bool:
        """True if the resident must sign in again."""
        return self in _ENDS_SESSIONS


_ENDS_SESSIONS = frozenset(
    {
        SecurityEventKind.ACCOUNT_TAKEOVER,
        SecurityEventKind.ACCOUNT_DISABLED,
        SecurityEventKind.ACCOUNT_DELETED,
        SecurityEventKind.ACCESS_REVOKED,
    }
)


@dataclass(frozen=True)
class SecurityEvent:
    """One event of one account: (issuer, subject) as in `ProviderIdentity`."""

    kind: SecurityEventKind
    issuer: str
    subject: str | None
    note: str | None = None


@dataclass(frozen=True)
class VerifiedSecurityEvents:
    """The events of a verified token. `id` (`jti`) is unique for its issuer: the receiver acts on it once."""

    id: str
    issued_at: datetime
    events: tuple[SecurityEvent, ...]


@dataclass(frozen=True)
class SecurityEventToken:
    """A verified SET before its events are read."""

    id: str
    issued_at: datetime
    events: object


def verify_security_event(
    token: object, keys: SigningKeys, *, issuer: str, audience: str, now: datetime
) -> SecurityEventToken:
    """Return a SET of this issuer and for this audience.

    It has no expiry: a receiver that was unavailable gets the event later (RFC 8417 §2.2). Raises
    `ProviderRefusal`: INVALID_ANSWER (respond with 400), or UNAVAILABLE if the keys cannot be fetched (503).
    """
    claims = read_signed(token, keys, ALGORITHMS).claims
    _check_registered_claims(claims, issuer, audience, now)
    if "nonce" in claims or not claims.get("events"):
        raise refused("no security event")
    identifier = text(claims.get("jti"), 255)
    if identifier is None:
        raise refused("a security event without an id")
    return SecurityEventToken(identifier, _issued_at(claims), claims["events"])


def subject_of(event: Mapping[str, object], issuer: str) -> str | None:
    """Return the subject of an event; None if it is of another issuer, compared without a final slash."""
    subject = event.get("subject")
    if not isinstance(subject, dict) or str(subject.get("iss", "")).rstrip("/") != issuer.rstrip("/"):
        return None
    return text(subject.get("sub"), 255)


def _check_registered_claims(claims: Claims, issuer: str, audience: str, now: datetime) -> None:
    required = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        iat={"essential": True},
    )
    # Without `exp` and `nbf`, which do not make an event untrue.
    checked = {name: claims[name] for name in ("iss", "aud", "iat") if name in claims}
    try:
        required.validate(checked)
    except JoseError as error:
        raise refused("of another issuer, for another client, or without a time that has passed") from error


def _issued_at(claims: Claims) -> datetime:
    issued_at = claims["iat"]
    if not isinstance(issued_at, int) or issued_at <= 0:
        raise refused("a security event without a time")
    return datetime.fromtimestamp(issued_at, UTC)
