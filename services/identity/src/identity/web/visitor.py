"""The connection behind a request: for limits, the list of sessions and the audit trail."""

from dataclasses import dataclass

from flask import request
from werkzeug import Request

from identity.rate_limits.networks import plain_address

_LONGEST_USER_AGENT = 255
_LONGEST_ADDRESS = 45


@dataclass(frozen=True)
class Visitor:
    """The connection behind a request. Personal data."""

    # Behind trusted proxies the resident's own address, in plain form; empty where there is none, as on a
    # Unix socket.
    ip_address: str
    user_agent: str


def current_visitor() -> Visitor:
    """Return the visitor of Flask's current request."""
    return visitor_of(request)


def visitor_of(request: Request) -> Visitor:
    """Return the visitor of this request."""
    return Visitor(
        ip_address=_printable(plain_address(request.remote_addr or ""))[:_LONGEST_ADDRESS],
        user_agent=_printable(request.headers.get("User-Agent", ""))[:_LONGEST_USER_AGENT],
    )


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
