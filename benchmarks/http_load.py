"""A load generator of low cost: keep-alive connections in one epoll loop, and plain HTTP/1.1.

An operation is a generator: it yields a request and receives the `HttpResponse`. An operation of several
requests therefore reads from top to bottom, and the loop is the same for all.
"""

import json
import select
import socket
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self
from urllib.parse import urlencode

from benchmarks.processes import BenchmarkError
from benchmarks.samples import Run

SECONDS_WITHOUT_RESPONSE = 20
BYTES_AT_ONCE = 65536
NO_BODY = (204, 304)
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
JSON = "Content-Type: application/json\r\n"

# A host and a port.
Address = tuple[str, int]


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

    def cookies(self) -> dict[str, str]:
        """Return the names and values of the cookies that it sets."""
        lines = (line.partition(b":") for line in self.head.split(b"\r\n"))
        pairs = (value.partition(b";")[0] for name, _, value in lines if name.lower() == b"set-cookie")
        named = (pair.decode().strip().partition("=") for pair in pairs)
        return {name: value for name, _, value in named}

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


class NoResponseError(BenchmarkError):
    """The server sends nothing."""


class Elsewhere(NamedTuple):
    """A request to another address of the server than the one under load."""

    address: Address
    content: bytes


# Plain bytes go to the address under load.
Request = bytes | Elsewhere
# One operation: yields requests and receives their responses.
Exchange = Generator[Request, HttpResponse, None]
# Begins an operation; None when there is nothing left to do.
Begin = Callable[[], Exchange | None]


class Requests:
    """Builds requests to one server."""

    def __init__(self, host: str) -> None:
        self._host = f"Host: {host}\r\n"

    def get(self, target: str, headers: str = "") -> bytes:
        """Return a GET request; each header ends with CRLF."""
        return f"GET {target} HTTP/1.1\r\n{self._host}{headers}\r\n".encode()

    def post(self, target: str, form: dict[str, str], headers: str = "") -> bytes:
        """Return a POST request of a form."""
        return self._with_body("POST", target, headers + FORM, urlencode(form))

    def put_json(self, target: str, document: dict[str, object]) -> bytes:
        """Return a PUT request of a JSON document."""
        return self._with_body("PUT", target, JSON, json.dumps(document))

    def _with_body(self, method: str, target: str, headers: str, body: str) -> bytes:
        return (
            f"{method} {target} HTTP/1.1\r\n{self._host}{headers}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def drive(address: Address, operations: Sequence[Begin], seconds: float = 0) -> Run:
    """Repeat each operation on a connection of its own, at least once; none begins after `seconds`.

    Ends earlier when nothing is left to do. Raises `BenchmarkError` for an unexpected response, or for none.
    """
    latencies: list[float] = []
    begun = time.perf_counter()
    with Connections(address) as connections:
        for operation in operations:
            connections.begin(operation)
        while connections.busy:
            for connection in connections.wait(SECONDS_WITHOUT_RESPONSE):
                if connection.error:
                    raise connection.error
                now = time.perf_counter()
                latencies.append(now - connection.begun)
                if now - begun < seconds:
                    connections.begin(connection.operation, connection)
    if not latencies:
        raise BenchmarkError("There was nothing to do")
    return Run(latencies, time.perf_counter() - begun)


class Connections:
    """Keep-alive connections; each works on one operation at a time. Closed at the end of the block."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._poll = select.epoll()
        self._by_file: dict[int, Connection] = {}
        # How many work on an operation.
        self.busy = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._poll.close()
        for connection in set(self._by_file.values()):
            connection.close()

    def begin(self, operation: Begin, connection: "Connection | None" = None) -> "Connection":
        """Begin an operation on this connection, or on a new one, unless there is nothing left to do."""
        connection = connection or Connection(self._address, self._watch)
        exchange = operation()
        if exchange is not None:
            self.busy += 1
            connection.begin(operation, exchange)
        return connection

    def wait(self, seconds: float) -> list["Connection"]:
        """Wait for responses; return the connections whose operation is complete or has failed.

        Raises `NoResponseError` if nothing comes within so many seconds.
        """
        events = self._poll.poll(seconds)
        if not events:
            raise NoResponseError(f"No response within {seconds} s")
        awaited = ((self._by_file[file], file) for file, _ in events)
        ended = [connection for connection, file in awaited if connection.receive(file)]
        self.busy -= len(ended)
        return ended

    def _watch(self, connection: "Connection", file: int) -> None:
        self._by_file[file] = connection
        self._poll.register(file, select.EPOLLIN)


class Connection:
    """The current operation, and a keep-alive connection to each address that its requests go to."""

    __slots__ = (
        *("_address", "_awaited", "_buffer", "_exchange", "_sockets", "_watch"),
        *("begun", "error", "operation"),
    )

    def __init__(self, address: Address, watch: Callable[["Connection", int], None]) -> None:
        self._address, self._watch = address, watch
        self._sockets: dict[Address, socket.socket] = {}
        self._buffer = b""

    def begin(self, operation: Begin, exchange: Exchange) -> None:
        """Send the first request."""
        self.operation, self._exchange = operation, exchange
        # Why the operation failed, if it did.
        self.error: BenchmarkError | None = None
        self.begun = time.perf_counter()
        self._send(next(exchange))

    def receive(self, file: int) -> bool:
        """Read what the server sent; True when the operation is complete or has failed."""
        if file != self._awaited.fileno():
            # An idle connection that the server closes.
            self._forget(file)
            return False
        try:
            return self._receive()
        except (BenchmarkError, OSError) as error:
            self.error = BenchmarkError(str(error))
            self.close()
            return True

    def close(self) -> None:
        """Close what is open; the next request opens it again."""
        self._buffer = b""
        for opened in self._sockets.values():
            opened.close()
        self._sockets.clear()

    def _receive(self) -> bool:
        received = self._awaited.recv(BYTES_AT_ONCE)
        if not received:
            raise BenchmarkError("The server closed a connection in the middle of an operation")
        self._buffer += received
        response = _parse(self._buffer)
        if response is None:
            return False
        self._buffer = b""
        try:
            self._send(self._exchange.send(response))
        except StopIteration:
            return True
        return False

    def _send(self, request: Request) -> None:
        address, content = request if isinstance(request, Elsewhere) else (self._address, request)
        self._awaited = self._sockets.get(address) or self._open(address)
        self._awaited.sendall(content)

    def _open(self, address: Address) -> socket.socket:
        opened = self._sockets[address] = socket.create_connection(address, timeout=SECONDS_WITHOUT_RESPONSE)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch(self, opened.fileno())
        return opened

    def _forget(self, file: int) -> None:
        for address, opened in list(self._sockets.items()):
            if opened.fileno() == file:
                self._sockets.pop(address).close()


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
