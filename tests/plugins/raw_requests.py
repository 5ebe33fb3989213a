"""A server of the application that says what it was called with, and raw requests to it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path

import pytest

SECONDS = 10


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)


class Connection:
    """A connection on which bytes are sent as they are."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)

    def send(self, *parts: bytes) -> "Connection":
        for part in parts:
            self.socket.sendall(part)
        return self

    def answer(self, method: str = "GET") -> Answer:
        response = HTTPResponse(self.socket, method=method)
        response.begin()
        return Answer(response.status, response.getheaders(), response.read())

    def is_closed(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@dataclass
class Served:
    port: int
    log: Path
    opened: list[Connection] = field(default_factory=list)

    def connect(self) -> Connection:
        self.opened.append(Connection(self.port))
        return self.opened[-1]

    def ask(self, *parts: bytes, method: str = "GET") -> Answer:
        return self.connect().send(*parts).answer(method)


@pytest.fixture(scope="session")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("served") / "log"
    program = Path(__file__).with_name("served_application.py")
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603 - this test's own
            [sys.executable, str(program), str(listening.fileno())],
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            pass_fds=[listening.fileno()],
        )
        port = listening.getsockname()[1]
    with process:
        assert process.stdout
        assert process.stdout.readline() == "works\n", log.read_text()
        yield Served(port, log)
        process.terminate()
        assert process.wait(SECONDS) == 0


@pytest.fixture
def served(_served: Served) -> Iterator[Served]:
    """Return the server; what a test left open is closed."""
    yield _served
    while _served.opened:
        _served.opened.pop().socket.close()
