"""Responses of the protocol's endpoints beside plain JSON: the specifications' errors, and JWTs."""

from authlib.oauth2 import OAuth2Error
from werkzeug.wrappers import Response

from identity.web.responses import NO_STORE, json_response

_JWT = (("Content-Type", "application/jwt"), *NO_STORE)
# Of the headers that Authlib gives its errors: the others are those of every JSON response.
_ERROR_HEADERS = ("WWW-Authenticate", "Retry-After")


def jwt_response(token: str) -> Response:
    """Return a response whose body is a JWT."""
    return Response(token.encode(), 200, _JWT)


def error_response(error: OAuth2Error) -> Response:
    """Return the specification's error (RFC 6749 §5.2) with its status, challenge and time to wait."""
    own = [header for header in error.get_headers() if header[0] in _ERROR_HEADERS]
    return json_response(error.status_code, dict(error.get_body()), *own)
