"""What protocol endpoints answer with: JSON and JWTs that no cache stores, and the specifications' errors."""

import json
from collections.abc import Collection, Mapping

from authlib.oauth2 import OAuth2Error
from werkzeug.wrappers import Response

# RFC 6749 §5.1: responses with tokens or personal data are stored by no cache.
_NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_JSON = (("Content-Type", "application/json"), *_NO_STORE)
_JWT = (("Content-Type", "application/jwt"), *_NO_STORE)
# Of an error's headers. Authlib's own differ in their case only.
_ERROR_HEADERS = ("WWW-Authenticate", "Retry-After")


def json_response(status: int, content: Mapping[str, object], *headers: tuple[str, str]) -> Response:
    """Return a JSON response with these headers besides those about caching."""
    return Response(json.dumps(content, separators=(",", ":")).encode(), status, [*_JSON, *headers])


def jwt_response(token: str) -> Response:
    """Return a response whose body is a JWT."""
    return Response(token.encode(), 200, _JWT)


def empty_response() -> Response:
    """Return 204: it is done, and there is nothing to say (RFC 9110 §15.3.5)."""
    response = Response(status=204, headers=_NO_STORE)
    del response.headers["Content-Type"]
    return response


def error_response(error: OAuth2Error) -> Response:
    """Return the specification's error (RFC 6749 §5.2) with its status, challenge and time to wait."""
    own = [header for header in error.get_headers() if header[0] in _ERROR_HEADERS]
    return json_response(error.status_code, dict(error.get_body()), *own)


def method_not_allowed(allowed: Collection[str]) -> Response:
    """Return 405 with the methods that are allowed (RFC 9110 §15.5.6)."""
    content = {"error": "invalid_request", "error_description": f"use {' or '.join(allowed)}"}
    return json_response(405, content, ("Allow", ", ".join(allowed)))
