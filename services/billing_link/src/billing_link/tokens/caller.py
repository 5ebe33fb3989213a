"""Who is calling, as a verified access token says."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """A resident and the client that acts for them. Nothing here was said by the request itself."""

    issuer: str
    # Opaque and stable; with the issuer, it is the resident.
    subject: str
    # Empty where the token names none.
    city_id: str
    client_id: str
    session_id: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    # Empty unless identity says that it is verified.
    verified_email: str
    given_name: str
    family_name: str
