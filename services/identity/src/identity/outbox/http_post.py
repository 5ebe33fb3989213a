"""One POST to another party's URL, bounded in time and size; redirects are not followed."""

import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from identity.outbox.delivery import NotDeliveredError

# Seconds for the connection, and for everything together.
CONNECT_WITHIN, ANSWER_WITHIN = 3.0, 6.0
# Bytes of a response body that are read; more is not needed to see that a message was received.
LARGEST_ANSWER = 4096


@dataclass(frozen=True)
class HttpAnswer:
    """The response: its status, and the first 4096 bytes of its body."""

    status: int
    body: bytes


def post(address: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
    """Send the body; raises `NotDeliveredError` when there is no response within six seconds.

    A redirect is returned like any response. Proxies of the environment are not used.
    """
    parts = urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    overdue = threading.Event()
    watch = threading.Timer(ANSWER_WITHIN, _cut, (connection, overdue))
    watch.daemon = True
    watch.start()
    try:
        connection.connect()
        if connection.sock:
            connection.sock.settimeout(ANSWER_WITHIN)
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        received = HttpAnswer(answer.status, answer.read(LARGEST_ANSWER))
    except (OSError, HTTPException, ValueError) as fault:
        words = "no answer in time" if overdue.is_set() else f"no answer ({type(fault).__name__})"
        raise NotDeliveredError(words) from None
    finally:
        watch.cancel()
        connection.close()
    if overdue.is_set():
        # A connection that was cut may look like a short response.
        raise NotDeliveredError("no answer in time")
    return received


def _connection(scheme: str, host: str, port: int | None) -> HTTPConnection:
    if scheme == "https":
        return HTTPSConnection(host, port, timeout=CONNECT_WITHIN, context=ssl.create_default_context())
    return HTTPConnection(host, port, timeout=CONNECT_WITHIN)


def _cut(connection: HTTPConnection, overdue: threading.Event) -> None:
    """Cut a connection that takes too long: the time limit of a socket starts anew with each byte."""
    overdue.set()
    if connection.sock:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
