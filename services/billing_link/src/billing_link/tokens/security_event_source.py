"""The security events of identity, read by polling (RFC 8936)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote_plus

import requests

from billing_link.errors import UnavailableError
from billing_link.json_text import read_json_object

# Seconds to connect, and between two bytes of a response.
_TIMEOUTS = (2, 3)
# Bytes of a response; a hundred events have about 90,000.
_LARGEST_RESPONSE = 1_048_576
_MOST_EVENTS = 100


@dataclass(frozen=True, slots=True)
class PollResponse:
    """One batch of events."""

    # Security event tokens (RFC 8417), oldest first.
    tokens: tuple[str, ...]
    # The position after the last token; the next poll starts there.
    cursor: int
    has_more: bool


class SecurityEventSource(Protocol):
    """A stream of security events with positions."""

    def poll_since(self, moment: datetime) -> PollResponse:
        """Return the first events at or after a moment; raises `UnavailableError`."""
        ...

    def poll_after(self, cursor: int) -> PollResponse:
        """Return the first events after a position; raises `UnavailableError`."""
        ...


class IdentitySecurityEvents:
    """Identity's `POST /events/poll`, with this resource's secret as HTTP Basic password.

    Keeps one connection; not safe for several threads.
    """

    def __init__(self, issuer: str, resource: str, secret: str) -> None:
        self._address = f"{issuer}/events/poll"
        self._session = requests.Session()
        # No proxy and no .netrc of the environment: both ends are our own.
        self._session.trust_env = False
        self._session.auth = (quote_plus(resource), quote_plus(secret))

    def poll_since(self, moment: datetime) -> PollResponse:
        """Return the first events at or after a moment; raises `UnavailableError`."""
        return self._poll({"since": int(moment.timestamp())})

    def poll_after(self, cursor: int) -> PollResponse:
        """Return the first events after a position; raises `UnavailableError`."""
        return self._poll({"after": cursor})

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _poll(self, position: Mapping[str, int]) -> PollResponse:
        body = {"maxEvents": _MOST_EVENTS, "returnImmediately": True, **position}
        try:
            with self._session.post(
                self._address, json=body, timeout=_TIMEOUTS, allow_redirects=False, stream=True
            ) as response:
                if response.status_code != requests.codes.ok:
                    raise UnavailableError(f"identity answered {response.status_code}")
                text = b""
                for part in response.iter_content(_LARGEST_RESPONSE):
                    text += part
                    if len(text) > _LARGEST_RESPONSE:
                        raise UnavailableError("identity's response is too large")
        except (requests.RequestException, OSError) as error:
            raise UnavailableError(f"identity cannot be reached ({type(error).__name__})") from None
        return _parse(text)


def _parse(text: bytes) -> PollResponse:
    try:
        document: dict[str, Any] = read_json_object(text)
        tokens, cursor = document["sets"], document["cursor"]
        if not isinstance(tokens, dict) or not isinstance(cursor, int) or isinstance(cursor, bool):
            raise UnavailableError("identity's response is not a poll response (RFC 8936)")
        return PollResponse(tuple(map(str, tokens.values())), cursor, bool(document.get("moreAvailable")))
    except (ValueError, KeyError):
        raise UnavailableError("identity's response is not a poll response (RFC 8936)") from None
