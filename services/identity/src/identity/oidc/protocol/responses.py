"""What an endpoint answers, free of the web framework."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from authlib.oauth2 import OAuth2Error

# RFC 6749 §5.1: whatever holds tokens or tells of them is stored nowhere.
_UNSTORED = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_NEVER_STORED = (("Content-Type", "application/json"), *_UNSTORED)


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes
    headers: Sequence[tuple[str, str]]


def json_answer(status: int, content: Mapping[str, object], *headers: tuple[str, str]) -> Answer:
    """Return a JSON response that nobody may store."""
    return Answer(status, json.dumps(content, separators=(",", ":")).encode(), (*_NEVER_STORED, *headers))


def jwt_answer(token: str) -> Answer:
    """Return a response that is a JWT, and that nobody may store either."""
    return Answer(200, token.encode(), (("Content-Type", "application/jwt"), *_UNSTORED))


def nothing_answer() -> Answer:
    """Return the response to what was done and has nothing to tell (RFC 9110 §15.3.5)."""
    return Answer(204, b"", _UNSTORED)


def error_answer(error: OAuth2Error) -> Answer:
    """Return the specification's error (RFC 6749 §5.2), with its status and its headers."""
    own = [header for header in error.get_headers() if header[0] in ("WWW-Authenticate", "Retry-After")]
    return json_answer(error.status_code, dict(error.get_body()), *own)


def method_not_allowed(allowed: Collection[str]) -> Answer:
    """Return 405 with the methods that are allowed (RFC 9110 §15.5.6)."""
    content = {"error": "invalid_request", "error_description": f"use {' or '.join(allowed)}"}
    return json_answer(405, content, ("Allow", ", ".join(allowed)))
