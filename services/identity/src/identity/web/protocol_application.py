"""The way in for programs: what they call by themselves is answered before Flask begins.

A token request needs nothing of what Flask prepares for a page (session, language, protection of forms), and
that costs more than many an answer. What an endpoint does not answer by itself goes on to Flask, where it has
its route too: other methods, and the preflights of browsers.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from werkzeug import Request

from identity.web.headers import SecurityHeaders

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Answer(Protocol):
    """An HTTP response, its body complete."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def body(self) -> bytes:
        """The body; empty where the status has none."""

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """The headers, without those about the body's length."""


@dataclass(frozen=True)
class Endpoint:
    """What answers requests with these methods; it lets nothing be raised."""

    methods: Collection[str]
    respond: Callable[[Request], Answer]


class MachineDoor:
    """The WSGI application: endpoints by path, and Flask for everything else."""

    def __init__(
        self, pages: "WSGIApplication", endpoints: Mapping[str, Endpoint], headers: SecurityHeaders
    ) -> None:
        self._pages, self._endpoints, self._security = pages, endpoints, headers

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        endpoint, method = self._endpoints.get(environ["PATH_INFO"]), environ["REQUEST_METHOD"]
        if endpoint is None or method not in endpoint.methods:
            return self._pages(environ, start_response)
        answer = endpoint.respond(Request(environ))
        headers = [*answer.headers, *self._security.beside(name for name, _ in answer.headers)]
        if answer.status not in _WITHOUT_BODY:
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return () if method == "HEAD" else (answer.body,)
