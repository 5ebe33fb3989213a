"""A WSGI application that returns one response, read from the file that the environment names."""

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

VARIABLE = "STATIC_PAGE"


@cache
def _page() -> tuple[list[tuple[str, str]], bytes]:
    head, _, body = Path(os.environ[VARIABLE]).read_bytes().partition(b"\n")
    return [(name, value) for name, value in json.loads(head)], body


def app(_environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
    """Return the response."""
    headers, body = _page()
    start_response("200 OK", list(headers))
    return [body]
