"""JSON responses for programs, which no cache stores, and redirects of browsers."""

import json
from collections.abc import Collection, Mapping
from html import escape

from werkzeug.wrappers import Response

# RFC 6749 §5.1: responses with tokens or personal data are stored by no cache.
NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
# The protection space of every challenge (RFC 9110 §11.5): one for the whole provider.
REALM = "Community Access ID"
BASIC_CHALLENGE = ("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"')
_JSON = (("Content-Type", "application/json"), *NO_STORE)


def json_response(status: int, content: Mapping[str, object], *headers: tuple[str, str]) -> Response:
    """Return a JSON response with these headers besides those about caching."""
    return Response(json.dumps(content, separators=(",", ":")).encode(), status, [*_JSON, *headers])


def empty_response(*headers: tuple[str, str]) -> Response:
    """Return 204, the request is done, with these headers besides those about caching (RFC 9110 §15.3.5)."""
    response = Response(status=204, headers=[*NO_STORE, *headers])
    del response.headers["Content-Type"]
    return response


def see_other(location: str) -> Response:
    """Return 303: the browser goes there by GET, without the content that it sent here (RFC 9700 §4.12).

    The body has a link to the same place (RFC 9110 §15.4.4), for what follows no redirects.
    """
    note = f'<!doctype html><html lang="en"><title>Next</title><a href="{escape(location)}">Next</a>'
    return Response(
        note.encode(), 303, [("Content-Type", "text/html; charset=utf-8"), ("Location", location)]
    )


def method_not_allowed(allowed: Collection[str]) -> Response:
    """Return 405 with the methods that are allowed (RFC 9110 §15.5.6)."""
    content = {"error": "invalid_request", "error_description": f"use {' or '.join(allowed)}"}
    return json_response(405, content, ("Allow", ", ".join(allowed)))
