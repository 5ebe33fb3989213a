"""The caller, as a verified access token describes it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A resident and the client that acts for them; every value comes from the token. Personal data."""

    issuer: str
    # Opaque and stable; unique together with the issuer.
    subject: str
    # Empty where the token names none.
    city_id: str
    client_id: str
    session_id: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    # Empty unless the claim `email_verified` is true.
    verified_email: str
    given_name: str
    family_name: str
