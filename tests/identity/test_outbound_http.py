"""Addresses that clients register lead nowhere but to the public network, and not for long."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from identity.oidc.client_authentication import fetching
from identity.oidc.client_authentication.fetching import FetchFailedError, OutsideFetching, is_public

PUBLIC, LOCAL = OutsideFetching("https://id.example.gov"), OutsideFetching("http://localhost:8000")
Serve = Callable[..., str]


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_public_addresses(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001::1",
    ],
)
def test_addresses_that_are_not_public(address: str):
    assert not is_public(address)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that serves one raw answer on loopback and returns its address."""
    listening: list[socket.socket] = []

    def serve(answer: Callable[[socket.socket], None], scheme: str = "http") -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def run() -> None:
            # Where nobody came, or the other side has gone, there is nothing to answer.
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    answer(connection)

        threading.Thread(target=run, daemon=True).start()
        return f"{scheme}://127.0.0.1:{server.getsockname()[1]}/jwks"

    yield serve
    for server in listening:
        # Wakes the thread that waits for somebody.
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


def saying(text: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)

    return answer


def test_a_plain_answer_is_returned(serve: Serve):
    assert LOCAL.fetch(serve(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))) == b"{}"
    assert LOCAL.fetch(serve(saying(b"HTTP/1.1 200 OK\r\n\r\n{}"))) == b"{}"


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000,
        b"nonsense",
        b"",
    ],
)
def test_any_other_answer_fails(serve: Serve, text: bytes):
    with pytest.raises(FetchFailedError):
        LOCAL.fetch(serve(saying(text)))


def test_loopback_is_for_an_issuer_on_loopback_only(serve: Serve):
    address = serve(saying(b"HTTP/1.1 200 OK\r\n\r\n{}"))
    for one in (address, address.replace("http:", "https:"), address.replace("127.0.0.1", "localhost")):
        with pytest.raises(FetchFailedError, match=r"https|public"):
            PUBLIC.fetch(one)


@pytest.mark.parametrize("found", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["127.0.0.1", "10.0.0.1"], []])
def test_every_address_behind_a_name_must_be_public(monkeypatch: pytest.MonkeyPatch, found: list[str]):
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: entries)
    connected: list[object] = []
    monkeypatch.setattr(socket, "create_connection", lambda *args, **_options: connected.append(args))
    for outside in (PUBLIC, LOCAL):
        with pytest.raises(FetchFailedError):
            outside.fetch("https://keys.example/jwks")
    assert connected == []


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch):
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_args, **_options: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in next(answers)
        ],
    )
    connected: list[object] = []

    def refuse(address: object, **_options: object) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(FetchFailedError):
        PUBLIC.fetch("https://rebinding.example/jwks")
    assert connected == [("8.8.8.8", 443)]


def test_a_server_that_drips_is_cut_off(serve: Serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "_IN_ALL", 0.3)
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.05):
                connection.sendall(b"X-Slow: 1\r\n")
        except OSError:
            over.set()

    with pytest.raises(FetchFailedError):
        LOCAL.fetch(serve(drip))
    over.set()


def test_a_certificate_that_nobody_vouches_for_is_refused(serve: Serve):
    def not_tls(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")

    with pytest.raises(FetchFailedError, match=ssl.SSLError.__name__):
        LOCAL.fetch(serve(not_tls, "https"))


@pytest.mark.parametrize(
    "address", ["", "https://", "ftp://8.8.8.8/", "https://[::1", "http://8.8.8.8/", "file:///x"]
)
def test_other_addresses_are_refused(address: str):
    with pytest.raises(FetchFailedError):
        PUBLIC.fetch(address)
