"""The way in for programs: what they call by themselves is answered before Flask begins.

A token request needs nothing of what Flask prepares for a page (session, language, protection of forms), and
that costs more than many an answer. What an endpoint does not answer by itself goes on to Flask, where it has
its route too: other methods, and the preflights of browsers.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from identity.web.headers import SecurityHeaders

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class Endpoint:
    """What answers requests with these methods; it lets nothing be raised."""

    methods: Collection[str]
    respond: Callable[[Request], Response]


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
        response = endpoint.respond(Request(environ))
        # Response.__call__ sends the same at ten times the cost: it looks for headers that none of them has.
        headers = [*response.headers, *self._security.beside(response.headers.keys())]
        start_response(response.status, headers)
        return () if method == "HEAD" else (response.get_data(),)
