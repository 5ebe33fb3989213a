"""Serves an application that says what it was called with: `served_application.py FD`, of a listening socket.

Two threads work on requests below `/together`, two on the others, and a body may take one second.
"""

import json
import socket
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from identity.logs import write_json_logs
from identity.web_server import web_process
from identity.web_server.request_bodies import BodyReader
from identity.web_server.served import Served
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

THREADS = 2
SECONDS_FOR_A_BODY = 1.0
SECONDS_OF_SLOW = 0.8
LARGE = 20_000_000


class Limited(Request):
    max_content_length = 1000


class Closing:
    """A response of pieces that notes when it is closed."""

    closed = 0

    def __init__(self, *, fails: bool = False) -> None:
        self._fails = fails

    def __iter__(self) -> Iterator[bytes]:
        yield b"one "
        if self._fails:
            raise LookupError("a word of a resident")
        yield b"two"

    def close(self) -> None:
        Closing.closed += 1


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
    path = environ["PATH_INFO"]
    if path in ("/pieces", "/pieces-fail"):
        start_response("200 OK", [])
        return Closing(fails=path == "/pieces-fail")
    if path == "/fails":
        raise LookupError("a word of a resident")
    if path in ("/slow", "/together/slow"):
        time.sleep(SECONDS_OF_SLOW)
    if path == "/large":
        return Response(b"x" * LARGE)(environ, start_response)
    return _said(Limited(environ))(environ, start_response)


def _said(request: Limited) -> Response:
    if request.path == "/ignores":
        return Response("not read", 404)
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
        return Response("too large", 413)
    texts = {name: value for name, value in request.environ.items() if isinstance(value, str)}
    said = texts | {"body": body.decode("latin-1"), "path": request.path, "closed": Closing.closed}
    return Response(json.dumps(said), headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])


if __name__ == "__main__":
    write_json_logs()
    web_process.BodyReader = partial(BodyReader, SECONDS_FOR_A_BODY)  # type: ignore[misc] # shorter, for tests
    served = Served(application, THREADS, lambda _method, path: not path.startswith("/together/"))
    web_process.serve(
        served, socket.socket(fileno=int(sys.argv[1])), THREADS, partial(print, "works", flush=True)
    )
