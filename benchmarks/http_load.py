"""A load generator of low cost: keep-alive connections in one epoll loop, and plain HTTP/1.1.

An operation is a generator: it yields the bytes of a request and receives the `HttpResponse`. An operation of
several requests therefore reads from top to bottom, and the loop is the same for all.
"""

import json
import select
import socket
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.processes import BenchmarkError
from benchmarks.samples import Run

SECONDS_WITHOUT_RESPONSE = 20
BYTES_AT_ONCE = 65536
NO_BODY = (204, 304)
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response, its body complete."""

    status: int
    # From the status line to the last header, without the empty line.
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes:
        """Return the first header of this lower-case name, empty when there is none."""
        start = self.head.lower().find(b"\r\n" + name + b":")
        if start < 0:
            return b""
        start += len(name) + 3
        end = self.head.find(b"\r\n", start)
        return self.head[start : end if end >= 0 else None].strip()

    def json(self) -> dict[str, object]:
        """Return the JSON object of the body."""
        document: dict[str, object] = json.loads(self.body)
        return document

    def expect(self, status: int) -> "HttpResponse":
        """Return itself; raises `BenchmarkError` for another status, so that errors are not measured."""
        if self.status != status:
            said = (self.head + b"\r\n\r\n" + self.body)[:1500].decode(errors="replace")
            raise BenchmarkError(f"HTTP {status} was expected, but the server said:\n{said}")
        return self


# One operation: yields requests and receives their responses.
Exchange = Generator[bytes, HttpResponse, None]


class Requests:
    """Builds requests to one server."""

    def __init__(self, host: str) -> None:
        self._host = f"Host: {host}\r\n"

    def get(self, target: str, headers: str = "") -> bytes:
        """Return a GET request; each header ends with CRLF."""
        return f"GET {target} HTTP/1.1\r\n{self._host}{headers}\r\n".encode()

    def post(self, target: str, form: dict[str, str], headers: str = "") -> bytes:
        """Return a POST request of a form."""
        body = urlencode(form)
        return (
            f"POST {target} HTTP/1.1\r\n{self._host}{headers}{FORM}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def drive(address: tuple[str, int], operations: Sequence[Callable[[], Exchange]], seconds: float = 0) -> Run:
    """Repeat each operation on a connection of its own, at least once; none begins after `seconds`.

    Raises `BenchmarkError` for an unexpected response, or for none.
    """
    connections = {}
    latencies: list[float] = []
    poll = select.epoll()
    begun = time.perf_counter()
    try:
        for operation in operations:
            connection = _Connection(address, operation)
            connections[connection.fileno] = connection
            poll.register(connection.fileno, select.EPOLLIN)
            connection.begin()
        while connections:
            events = poll.poll(SECONDS_WITHOUT_RESPONSE)
            if not events:
                raise BenchmarkError(f"No response within {SECONDS_WITHOUT_RESPONSE} s")
            for fileno, _ in events:
                connection = connections[fileno]
                if not connection.receive():
                    continue
                now = time.perf_counter()
                latencies.append(now - connection.begun)
                if now - begun < seconds:
                    connection.begin()
                else:
                    poll.unregister(fileno)
                    connections.pop(fileno).close()
    finally:
        poll.close()
        for connection in connections.values():
            connection.close()
    return Run(latencies, time.perf_counter() - begun)


class _Connection:
    """One keep-alive connection and its current operation."""

    __slots__ = ("_buffer", "_exchange", "_operation", "_socket", "begun", "fileno")

    def __init__(self, address: tuple[str, int], operation: Callable[[], Exchange]) -> None:
        self._socket = socket.create_connection(address, timeout=SECONDS_WITHOUT_RESPONSE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._operation = operation
        self._buffer = b""
        self.fileno = self._socket.fileno()
        self.begun = 0.0

    def begin(self) -> None:
        self._exchange = self._operation()
        self.begun = time.perf_counter()
        self._socket.sendall(next(self._exchange))

    def receive(self) -> bool:
        """Read what the server sent; True when the operation is complete."""
        received = self._socket.recv(BYTES_AT_ONCE)
        if not received:
            raise BenchmarkError("The server closed a connection in the middle of an operation")
        self._buffer += received
        response = _parse(self._buffer)
        if response is None:
            return False
        self._buffer = b""
        try:
            self._socket.sendall(self._exchange.send(response))
        except StopIteration:
            return True
        return False

    def close(self) -> None:
        self._socket.close()


def _parse(received: bytes) -> HttpResponse | None:
    """Return the response, or None if it is incomplete. There is one at most: requests are not pipelined."""
    head, separator, rest = received.partition(b"\r\n\r\n")
    if not separator:
        return None
    response = HttpResponse(int(head[9:12]), head, rest)
    if response.status in NO_BODY:
        return response
    if length := response.header(b"content-length"):
        return response if len(rest) >= int(length) else None
    return HttpResponse(response.status, head, _unchunk(rest)) if rest.endswith(b"0\r\n\r\n") else None


def _unchunk(rest: bytes) -> bytes:
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if not int(size, 16):
            return body
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
