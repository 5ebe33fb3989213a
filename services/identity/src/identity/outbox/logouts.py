"""Back-channel logouts that wait to be sent: whose session ended, and which client is told."""

import json
from dataclasses import asdict, dataclass
from typing import Self

LOGOUT = "backchannel_logout"


@dataclass(frozen=True)
class Logout:
    """One client to be told that one session ended for it."""

    client_id: str
    resident_id: str
    session_id: str

    def as_json(self) -> str:
        """Return it as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what `as_json` described."""
        return cls(**json.loads(text))
