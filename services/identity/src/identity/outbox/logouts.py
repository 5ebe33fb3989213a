"""Back-channel logouts in the outbox (OpenID Connect Back-Channel Logout 1.0)."""

import json
from dataclasses import asdict, dataclass
from typing import Self

LOGOUT = "backchannel_logout"


@dataclass(frozen=True)
class Logout:
    """The payload: one session that ended, and one client that gets a logout token for it."""

    client_id: str
    resident_id: str
    session_id: str

    def as_json(self) -> str:
        """Return the logout as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the logout that `as_json` wrote."""
        return cls(**json.loads(text))
