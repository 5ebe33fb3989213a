"""Servers on loopback that send raw bytes: whole answers, odd ones, or one byte after the other."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

Answer = Callable[[socket.socket], None]
# Starts a server with one answer, and returns its address; with a context it speaks TLS.
Serve = Callable[..., str]

# What a server sends at once, and what it then sends again and again.
DRIPS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    # A record of the TLS handshake that is 512 bytes long.
    "handshake": (b"\x16\x03\x03\x02\x00", b"x"),
}
DRIP_SECONDS = 0.3


def saying(text: bytes) -> Answer:
    """Return an answer that reads a request and sends this."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)

    return answer


def dripping(part: str, seconds: float = DRIP_SECONDS) -> Answer:
    """Return an answer that never ends, with so many seconds between two pieces."""
    start, drop = DRIPS[part]

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        # Until the client closes the connection.
        while True:
            threading.Event().wait(seconds)
            connection.sendall(drop)

    return answer


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that serves an answer on loopback and returns its address."""
    listening: list[socket.socket] = []

    def serve(answer: Answer, scheme: str = "http", *, tls: ssl.SSLContext | None = None) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def run() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        def talk(connection: socket.socket) -> None:
            # The client may close it before all is sent, or refuse our certificate.
            with suppress(OSError), connection:
                if tls is None:
                    answer(connection)
                    return
                with tls.wrap_socket(connection, server_side=True) as encrypted:
                    answer(encrypted)

        threading.Thread(target=run, daemon=True).start()
        return f"{'https' if tls else scheme}://127.0.0.1:{server.getsockname()[1]}/jwks"

    yield serve
    for server in listening:
        # Ends the thread's `accept`.
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
