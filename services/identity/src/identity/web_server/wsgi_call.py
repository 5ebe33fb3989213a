"""One call of a WSGI application (PEP 3333): its environment from a request, and its response, whole."""

import sys
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from identity.web_server.request_bodies import Body
from identity.web_server.rsgi import Headers, RequestHeaders, Scope

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

# Names that are not remembered cost a little more: a visitor may send any.
_REMEMBERED = 256
_ENVIRONMENT: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    # Not of the standard, but Werkzeug's: the input ends.
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    # TLS ends at the proxy in front.
    "wsgi.url_scheme": "http",
}


# The status, the headers and the whole body.
Response = tuple[int, Headers, bytes]


def call(application: "WSGIApplication", scope: Scope, headers: RequestHeaders, body: Body) -> Response:
    """Return the application's response; raises what it raises."""
    started: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, _exc_info: object = None) -> Any:  # noqa: ANN401 - none has a use for `write`
        started[:] = [(status, headers)]

    content = _content(application(_environ(scope, headers, body), start_response))
    ((status, response_headers),) = started
    return int(status[:3]), response_headers, content


def _content(pieces: Iterable[bytes]) -> bytes:
    try:
        return b"".join(pieces)
    finally:
        if (close := getattr(pieces, "close", None)) is not None:
            close()


def _environ(scope: Scope, headers: RequestHeaders, body: Body) -> "WSGIEnvironment":
    path, query, version = scope.path, scope.query_string, scope.http_version
    environ = {
        **_ENVIRONMENT,
        **_server(scope.server),
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": path if path.isascii() else _as_latin_1(path),
        "QUERY_STRING": query if query.isascii() else _as_latin_1(query),
        "SERVER_PROTOCOL": "HTTP/1.1" if version == "1.1" else "HTTP/1.0",
        "REMOTE_ADDR": _host(scope.client),
        "wsgi.input": BytesIO(body.content),
    }
    _add_headers(environ, headers)
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        environ["CONTENT_LENGTH"] = str(body.length)
    if "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = scope.authority or ""
    return environ


def _add_headers(environ: "WSGIEnvironment", headers: RequestHeaders) -> None:
    before = len(environ)
    for name, value in headers.items():
        key = _key(name)
        if key in environ:
            # Cookies cannot be joined by commas.
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
        else:
            environ[key] = value
    if len(environ) - before < len(headers):
        # What granian left out was sent, though it is not readable.
        for name in headers.keys():  # noqa: SIM118 - not a dictionary
            environ.setdefault(_key(name), "")


@lru_cache(_REMEMBERED)
def _key(name: str) -> str:
    key = name.replace("-", "_").upper()
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def _as_latin_1(text: str) -> str:
    """Return the text as WSGI writes bytes: each as the character of that number."""
    return text.encode().decode("latin-1")


@lru_cache(1)
def _server(address: str) -> dict[str, str]:
    return {"SERVER_NAME": _host(address), "SERVER_PORT": address.rpartition(":")[2]}


def _host(address: str) -> str:
    return address.rpartition(":")[0].strip("[]")
