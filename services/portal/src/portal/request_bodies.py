"""Request bodies at the edge of a web service: each has a length, and is read to its end."""

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Bytes of a body that are read at most beyond those that the application reads, and in one piece.
MOST_BYTES, _PIECE = 1024 * 1024, 64 * 1024


def with_whole_bodies(application: "WSGIApplication") -> "WSGIApplication":
    """Return the application, whose requests have a length, and whose refusals reach the sender.

    A body in chunks (RFC 9112 §7.1) is read first, up to 1 MiB: without a length Werkzeug cuts it off at its
    limit, and the application would work on a part. Up to 1 MiB that the application leaves is read and
    dropped: a server that responds and closes while a proxy still sends makes the proxy say "502". A client
    that waits for 100 Continue (RFC 9110 §10.1.1) sends nothing that would be read.
    """

    def respond(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        unread = environ["wsgi.input"]
        if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
            whole = b"".join(_pieces(unread.read))
            environ |= {"wsgi.input": BytesIO(whole), "CONTENT_LENGTH": str(len(whole))}
            return application(environ, start_response)
        response = application(environ, start_response)
        if environ.get("CONTENT_LENGTH", "0") != "0" and "HTTP_EXPECT" not in environ:
            for _dropped in _pieces(unread.read):
                pass
        return response

    return respond


def _pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    size = 0
    while size < MOST_BYTES and (piece := read(_PIECE)):
        size += len(piece)
        yield piece
