"""What an endpoint answers, free of the web framework."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from authlib.oauth2 import OAuth2Error

# RFC 6749 §5.1: whatever holds tokens or tells of them is stored nowhere.
_NEVER_STORED = (("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache"))


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes
    headers: Sequence[tuple[str, str]]


def json_answer(status: int, content: Mapping[str, object], *headers: tuple[str, str]) -> Answer:
    """Return a JSON response that nobody may store."""
    return Answer(status, json.dumps(content, separators=(",", ":")).encode(), (*_NEVER_STORED, *headers))


def error_answer(error: OAuth2Error) -> Answer:
    """Return the specification's error (RFC 6749 §5.2), with its status and its headers."""
    own = [header for header in error.get_headers() if header[0] in ("WWW-Authenticate", "Retry-After")]
    return json_answer(error.status_code, dict(error.get_body()), *own)


def method_not_allowed(allowed: Sequence[str]) -> Answer:
    """Return 405 with the methods that are allowed (RFC 9110 §15.5.6)."""
    content = {"error": "invalid_request", "error_description": f"use {' or '.join(allowed)}"}
    return json_answer(405, content, ("Allow", ", ".join(allowed)))
