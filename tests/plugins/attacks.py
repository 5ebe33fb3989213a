"""Attackers, and the visitors beside them: what each sent, and how each request was answered.

`python attacks.py` is a flood in a process of its own, so that the visitors' times are not its own: it reads
JSON from its input (`Flood.start`) and writes what came back.
"""

import json
import select
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from statistics import median, quantiles
from urllib.parse import urlencode

_SECONDS_FOR_AN_ANSWER = 30
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Request:
    """A request of a visitor or an attacker."""

    path: str
    form: dict[str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return "GET" if self.form is None else "POST"

    def raw(self, port: int) -> str:
        """Return it as it is sent on a connection that stays open."""
        body = urlencode(self.form or {})
        headers = {"Host": f"127.0.0.1:{port}", **self.headers}
        if self.form is not None:
            headers |= {"Content-Type": _FORM, "Content-Length": str(len(body))}
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            *(f"{name}: {text}" for name, text in headers.items()),
        ]
        return "\r\n".join((*lines, "", body))


@dataclass(frozen=True)
class Seen:
    """One answer: status 0 is none at all."""

    status: int
    seconds: float
    # Which of the requests it answers, by its place in the list.
    number: int


@dataclass(frozen=True)
class Answers:
    """What came back to a flood or to visitors."""

    seen: Sequence[Seen]

    @property
    def by_status(self) -> Counter[int]:
        return Counter(one.status for one in self.seen)

    def of(self, number: int) -> "Answers":
        """Return the answers to one of the requests."""
        return Answers([one for one in self.seen if one.number == number])

    def with_status(self, *statuses: int) -> "Answers":
        return Answers([one for one in self.seen if one.status in statuses])

    @property
    def median(self) -> float:
        return median(one.seconds for one in self.seen)

    @property
    def p95(self) -> float:
        return quantiles([one.seconds for one in self.seen], n=20, method="inclusive")[-1]

    @property
    def slowest(self) -> float:
        return max(one.seconds for one in self.seen)


class Flood:
    """Connections that send their request again as soon as it is answered, for some seconds."""

    def __init__(self, port: int, requests: Sequence[Request], *, connections: int, seconds: float) -> None:
        """Connections take the requests in turn."""
        order = {
            "port": port,
            "requests": [request.raw(port) for request in requests],
            "connections": connections,
            "seconds": seconds,
        }
        self._seconds = seconds
        self._process = subprocess.Popen(  # noqa: S603 - this file
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order))
        self._process.stdin.close()
        assert self._process.stdout
        # It is connected.
        self._process.stdout.readline()

    def end(self) -> Answers:
        """Wait for its end, and return what came back."""
        assert self._process.stdout
        with closing(self._process.stdout):
            text = self._process.stdout.read()
        assert self._process.wait(self._seconds + _SECONDS_FOR_AN_ANSWER) == 0
        return Answers([Seen(*one) for one in json.loads(text)])


class Visitors:
    """Visitors who open pages one after the other, each page on a connection of its own."""

    def __init__(self, port: int, pages: Sequence[Request], *, at_once: int = 2) -> None:
        self._port, self._pages, self._at_once = port, pages, at_once

    def visit(self, seconds: float) -> Answers:
        """Visit for so many seconds."""
        with self.visiting() as seen:
            time.sleep(seconds)
        return Answers(seen)

    @contextmanager
    def visiting(self) -> Iterator[list[Seen]]:
        """Visit during the block; the list is whole after it."""
        end, seen = threading.Event(), list[Seen]()
        threads = [
            threading.Thread(target=self._visit, args=(end, seen, first), daemon=True)
            for first in range(self._at_once)
        ]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            end.set()
            for thread in threads:
                thread.join(_SECONDS_FOR_AN_ANSWER)

    def _visit(self, end: threading.Event, seen: list[Seen], first: int) -> None:
        turn = first
        while not end.is_set():
            number = turn % len(self._pages)
            seen.append(ask(self._port, self._pages[number], number=number))
            turn += 1
            time.sleep(0.005)


def ask(port: int, request: Request, *, number: int = 0, seconds: float = _SECONDS_FOR_AN_ANSWER) -> Seen:
    """Send one request on a connection of its own."""
    return exchange(port, request, number=number, seconds=seconds)[0]


def exchange(
    port: int, request: Request, *, number: int = 0, seconds: float = _SECONDS_FOR_AN_ANSWER
) -> tuple[Seen, dict[str, str], str]:
    """Send one request on a connection of its own; return the answer, its headers and its body."""
    began = time.perf_counter()
    status, headers, body = 0, dict[str, str](), ""
    content = None if request.form is None else urlencode(request.form)
    kind = {} if content is None else {"Content-Type": _FORM}
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request(request.method, request.path, content, {**kind, **request.headers})
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
        status = response.status
        # Several of one name, such as Set-Cookie, each on a line.
        for name, text in response.getheaders():
            headers[name.lower()] = f"{headers[name.lower()]}\n{text}" if name.lower() in headers else text
    return Seen(status, time.perf_counter() - began, number), headers, body


@contextmanager
def half_sent(port: int, start: str, connections: int) -> Iterator[list[socket.socket]]:
    """Hold connections on which the start of a request was sent, and nothing more."""
    opened = []
    try:
        for _ in range(connections):
            opened.append(socket.create_connection(("127.0.0.1", port), timeout=_SECONDS_FOR_AN_ANSWER))
            opened[-1].sendall(start.encode())
        yield opened
    finally:
        for connection in opened:
            connection.close()


class _Connection:
    """One connection of the flood."""

    def __init__(self, port: int, number: int, request: bytes) -> None:
        self._port, self.number, self._request = port, number, request
        self._received = b""
        self.socket = self._open()

    def send(self) -> None:
        self.began = time.perf_counter()
        with suppress(OSError):
            self.socket.sendall(self._request)

    def receive(self) -> int | None:
        """Return the status of a whole answer; 0 if the connection ended; None if there is more to come."""
        try:
            piece = self.socket.recv(65536)
        except OSError:
            piece = b""
        if not piece:
            return 0
        self._received += piece
        head, end, body = self._received.partition(b"\r\n\r\n")
        lengths = [
            line.partition(b":")[2]
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ]
        if not end or len(body) < int(lengths[0] if lengths else 0):
            return None
        self._received = b""
        return int(head[9:12])

    def reopen(self) -> bool:
        """Connect again; False if nothing listens any more."""
        self.socket.close()
        self._received = b""
        try:
            self.socket = self._open()
        except OSError:
            return False
        return True

    def _open(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self._port), timeout=_SECONDS_FOR_AN_ANSWER)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


def _flood(port: int, requests: list[str], connections: int, seconds: float) -> list[tuple[int, float, int]]:
    poll, by_file, seen = select.epoll(), dict[int, _Connection](), list[tuple[int, float, int]]()
    for place in range(connections):
        number = place % len(requests)
        made = _Connection(port, number, requests[number].encode())
        by_file[made.socket.fileno()] = made
        poll.register(made.socket, select.EPOLLIN)
    print("connected", flush=True)  # noqa: T201 - for the process that started this one
    end = time.perf_counter() + seconds
    for connection in by_file.values():
        connection.send()
    while by_file and time.perf_counter() < end + _SECONDS_FOR_AN_ANSWER:
        for file, _ in poll.poll(1):
            connection = by_file[file]
            if (status := connection.receive()) is None:
                continue
            seen.append((status, time.perf_counter() - connection.began, connection.number))
            if status == 0 or time.perf_counter() >= end:
                poll.unregister(file)
                del by_file[file]
                if time.perf_counter() >= end or not connection.reopen():
                    continue
                by_file[connection.socket.fileno()] = connection
                poll.register(connection.socket, select.EPOLLIN)
            connection.send()
    return [*seen, *((0, float(_SECONDS_FOR_AN_ANSWER), one.number) for one in by_file.values())]


if __name__ == "__main__":
    print(json.dumps(_flood(**json.load(sys.stdin))))  # noqa: T201 - as above
