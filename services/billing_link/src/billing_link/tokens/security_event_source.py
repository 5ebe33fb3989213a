"""Identity's security events, asked for by polling (RFC 8936)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import quote_plus

import requests

from billing_link.errors import UnavailableError

# Seconds to connect, and between two bytes of an answer.
_TIMEOUTS = (2, 3)
# Bytes of an answer: a hundred events have about 90,000.
_LARGEST_ANSWER = 1_048_576
_MOST_EVENTS = 100


@dataclass(frozen=True, slots=True)
class PollResponse:
    """What identity had to tell."""

    # Security event tokens, in the order of what happened.
    tokens: tuple[str, ...]
    # Where to go on from.
    cursor: int
    has_more: bool


class SecurityEventSource(Protocol):
    """Tells what happened."""

    def poll_since(self, moment: datetime) -> PollResponse:
        """Return what happened since this moment; raises `UnavailableError`."""
        ...

    def poll_after(self, cursor: int) -> PollResponse:
        """Return what happened after this cursor; raises `UnavailableError`."""
        ...


class IdentitySecurityEvents:
    """Identity's `POST /events/poll`, with HTTP Basic credentials of this resource. For one thread."""

    def __init__(self, issuer: str, resource: str, secret: str) -> None:
        self._address = f"{issuer}/events/poll"
        self._session = requests.Session()
        # Nothing of the environment: a proxy or a .netrc has no place between two of our services.
        self._session.trust_env = False
        self._session.auth = (quote_plus(resource), quote_plus(secret))

    def poll_since(self, moment: datetime) -> PollResponse:
        """Return what happened since this moment; raises `UnavailableError`."""
        return self._ask({"since": int(moment.timestamp())})

    def poll_after(self, cursor: int) -> PollResponse:
        """Return what happened after this cursor; raises `UnavailableError`."""
        return self._ask({"after": cursor})

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _ask(self, place: Mapping[str, int]) -> PollResponse:
        body = {"maxEvents": _MOST_EVENTS, "returnImmediately": True, **place}
        try:
            with self._session.post(
                self._address, json=body, timeout=_TIMEOUTS, allow_redirects=False, stream=True
            ) as response:
                if response.status_code != requests.codes.ok:
                    raise UnavailableError(f"identity answered {response.status_code}")
                text = b""
                for part in response.iter_content(_LARGEST_ANSWER):
                    text += part
                    if len(text) > _LARGEST_ANSWER:
                        raise UnavailableError("identity's answer is too large")
        except (requests.RequestException, OSError) as error:
            raise UnavailableError(f"identity cannot be reached ({type(error).__name__})") from None
        return _read(text)


def _read(text: bytes) -> PollResponse:
    try:
        document = json.loads(text)
        tokens, cursor = document["sets"], document["cursor"]
        if not isinstance(tokens, dict) or not isinstance(cursor, int) or isinstance(cursor, bool):
            raise UnavailableError("identity's answer is no answer to a poll")
        return PollResponse(tuple(map(str, tokens.values())), cursor, bool(document.get("moreAvailable")))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UnavailableError("identity's answer is no answer to a poll") from None
