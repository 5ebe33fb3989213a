"""From granian to the application: whole requests alone take one of its threads."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog

from identity.errors import where
from identity.web_server.request_bodies import KEPT_BYTES, Body, BodyReader, Framing
from identity.web_server.request_threads import RequestThreads
from identity.web_server.rsgi import Headers, HttpProtocol, Received, RequestHeaders, Scope
from identity.web_server.wsgi_call import call

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# What these responses ask for: that the sender tries again, in so many seconds.
_RETRY_AFTER = "5"
# Answered however busy the threads are, below a path too: a restart would help none of those who wait.
_LIVE = "/health/live"
_NO_BODY = Body(b"", 0)
_WORDS = {
    HTTPStatus.BAD_REQUEST: "This request cannot be read.\n\nNo se puede leer esta solicitud.\n",
    HTTPStatus.REQUEST_TIMEOUT: "This request took too long to arrive. Please send it again.\n\n"
    "Esta solicitud tardó demasiado en llegar. Vuelva a enviarla.\n",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong.\n\nAlgo salió mal.\n",
    HTTPStatus.SERVICE_UNAVAILABLE: "Too many people are using this service right now. "
    "Please try again in a few seconds.\n\n"
    "Demasiadas personas están usando este servicio. Vuelva a intentarlo en unos segundos.\n",
}

log = structlog.get_logger()


class Gateway:
    """Brings the requests that granian receives to a WSGI application, and its responses back."""

    def __init__(
        self,
        application: "WSGIApplication",
        threads_of: Callable[[Scope], RequestThreads],
        bodies: BodyReader,
    ) -> None:
        self._application, self._threads_of, self._bodies = application, threads_of, bodies

    def receive(self, received: Received) -> None:
        """Take one request whose headers are read. Raises nothing: granian does not look."""
        request = _Request(self._application, received.scope, received.proto)
        try:
            framing = _framing(request.headers)
            if framing is None:
                if request.scope.path.endswith(_LIVE):
                    request.run()
                else:
                    self._threads_of(request.scope).submit(request)
            elif _is_refused_unread(framing, request.headers):
                self._submit(request, Body(b"", framing.length or 0))
            else:
                self._bodies.read(
                    request.protocol,
                    framing,
                    partial(self._submit, request),
                    partial(_refuse, request.protocol),
                )
        except Exception as error:  # noqa: BLE001 - see above
            request.fail(error)

    def _submit(self, request: "_Request", body: Body) -> None:
        request.body = body
        self._threads_of(request.scope).submit(request)


class _Request:
    """A request that an application answers."""

    __slots__ = ("_application", "body", "headers", "protocol", "scope")

    def __init__(self, application: "WSGIApplication", scope: Scope, protocol: HttpProtocol) -> None:
        self._application, self.scope, self.protocol = application, scope, protocol
        self.headers = scope.headers
        self.body = _NO_BODY

    def run(self) -> None:
        try:
            self.protocol.response_bytes(*call(self._application, self.scope, self.headers, self.body))
        except Exception as error:  # noqa: BLE001 - a thread of the web server goes on
            self.fail(error)

    def refuse(self) -> None:
        _refuse(self.protocol, HTTPStatus.SERVICE_UNAVAILABLE)

    def fail(self, error: Exception) -> None:
        log.error("request.failed", where=where(error))
        _refuse(self.protocol, HTTPStatus.INTERNAL_SERVER_ERROR)


def _framing(headers: RequestHeaders) -> Framing | None:
    """Return how the body is framed (RFC 9112 §6.3, which granian has checked); None without a body."""
    if headers.get("transfer-encoding") is not None:
        return Framing(None, trailers=headers.get("trailer") is not None)
    length = int(headers.get("content-length") or 0)
    return Framing(length) if length else None


def _is_refused_unread(framing: Framing, headers: RequestHeaders) -> bool:
    """Tell whether a sender that waits for 100 Continue (RFC 9110 §10.1.1) is spared too long a body."""
    return framing.length is not None and framing.length > KEPT_BYTES and headers.get("expect") is not None


def _refuse(protocol: HttpProtocol, status: HTTPStatus) -> None:
    headers: Headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
    ]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("Retry-After", _RETRY_AFTER))
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_TIMEOUT):
        # RFC 9110 §15.5.9: what is left of the request does not count.
        headers.append(("Connection", "close"))
    protocol.response_bytes(status, headers, _WORDS[status].encode())
