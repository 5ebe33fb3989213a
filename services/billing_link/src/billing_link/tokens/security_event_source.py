"""The security events of identity, read by polling (RFC 8936)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing_link.errors import UnavailableError
from billing_link.outbound_http import Limits, OutboundHttp, OutboundHttpError, basic_credentials

# A hundred events have about 90,000 bytes.
LIMITS = Limits(connect=2.0, read=3.0, total=5.0, size=1_048_576)
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
    """Identity's `POST /events/poll`, with this resource's secret as HTTP Basic password."""

    def __init__(self, issuer: str, resource: str, secret: str, http: OutboundHttp) -> None:
        self._address, self._http = f"{issuer}/events/poll", http
        self._headers = {
            "Content-Type": "application/json",
            "Authorization": basic_credentials(resource, secret),
        }

    def poll_since(self, moment: datetime) -> PollResponse:
        """Return the first events at or after a moment; raises `UnavailableError`."""
        return self._poll({"since": int(moment.timestamp())})

    def poll_after(self, cursor: int) -> PollResponse:
        """Return the first events after a position; raises `UnavailableError`."""
        return self._poll({"after": cursor})

    def _poll(self, position: Mapping[str, int]) -> PollResponse:
        body = {"maxEvents": _MOST_EVENTS, "returnImmediately": True, **position}
        try:
            response = self._http.post(self._address, json.dumps(body).encode(), self._headers)
            document = response.json_if_ok()
        except OutboundHttpError as error:
            raise UnavailableError(f"identity's events cannot be read: {error}") from None
        return _parse(document)


def _parse(document: object) -> PollResponse:
    match document:
        case {"sets": dict(tokens), "cursor": int(cursor), **rest} if not isinstance(cursor, bool):
            return PollResponse(tuple(map(str, tokens.values())), cursor, bool(rest.get("moreAvailable")))
    raise UnavailableError("identity's response is not a poll response (RFC 8936)")
