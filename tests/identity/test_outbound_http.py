"""Requests to other parties are bounded, and reach the public network alone where they have to."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from identity import outbound_http
from identity.outbound_http import (
    TOO_LATE,
    Limits,
    NotConnectedError,
    OutboundHttp,
    OutboundHttpError,
    is_on_loopback,
    is_public,
)

LIMITS = Limits(connect=1.0, read=1.0, total=2.0, size=64 * 1024)
HTTP = OutboundHttp(LIMITS)
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
            # Without a connection, or after the client closed it, there is nothing to send.
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    answer(connection)

        threading.Thread(target=run, daemon=True).start()
        return f"{scheme}://127.0.0.1:{server.getsockname()[1]}/jwks"

    yield serve
    for server in listening:
        # Ends the thread's `accept`.
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


def saying(text: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)

    return answer


def test_a_plain_answer_is_returned(serve: Serve):
    headers = b"HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
    response = HTTP.get(serve(saying(headers + b"Content-Length: 2\r\n\r\n{}")))
    assert (response.status, response.media_type, response.json()) == (200, "application/json", {})
    assert HTTP.get(serve(saying(b"HTTP/1.1 200 OK\r\n\r\n{}"))).body == b"{}"


def test_a_redirect_is_an_answer_and_not_followed(serve: Serve):
    response = HTTP.get(serve(saying(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n")))
    assert response.status == 302


def test_what_is_sent(serve: Serve):
    received: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            received.extend(iter(stream.readline, b"\r\n"))
            received.append(stream.read(3))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    url = serve(answer)
    assert HTTP.post(f"{url}?from=id", b"a=b", {"X-Kind": "test"}).status == 204
    lines = [line.decode().rstrip() for line in received]
    assert lines[0] == "POST /jwks?from=id HTTP/1.1"
    assert lines[-1] == "a=b"
    assert {"X-Kind: test", f"Host: {url.split('/')[2]}", "Content-Length: 3"} <= set(lines)


def test_the_environment_has_no_say(serve: Serve, monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert HTTP.get(serve(saying(b"HTTP/1.1 200 OK\r\n\r\n{}"))).status == 200


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 70_000),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n{}",
        b"nonsense",
        b"",
    ],
)
def test_any_other_answer_fails(serve: Serve, text: bytes):
    with pytest.raises(OutboundHttpError):
        HTTP.get(serve(saying(text)))


def test_nothing_of_an_odd_answer_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture):
    HTTP.get(serve(saying(b"HTTP/1.1 200 OK\r\nX: a\r\nplanted\r\nY: b\r\n\r\n{}")))
    assert "planted" not in caplog.text


def test_a_long_body_may_be_cut(serve: Serve):
    cutting = OutboundHttp(replace(LIMITS, size=4, cuts_body=True))
    assert cutting.get(serve(saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000))).body == b"xxxx"


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 50_000])
def test_what_is_not_json_is_an_error(serve: Serve, text: bytes):
    response = HTTP.get(serve(saying(b"HTTP/1.1 200 OK\r\n\r\n" + text)))
    with pytest.raises(OutboundHttpError, match=r"not JSON|nesting"):
        response.json()


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("https://id.example.gov", False),
        ("https://localhost.example.gov", False),
    ],
)
def test_an_address_on_this_machine(issuer: str, expected: bool):  # noqa: FBT001 - a parameter of the test
    assert is_on_loopback(issuer) is expected


def test_loopback_is_allowed_in_development_only(serve: Serve):
    address = serve(saying(b"HTTP/1.1 200 OK\r\n\r\n{}"))
    for one in (address, address.replace("http:", "https:"), address.replace("127.0.0.1", "localhost")):
        with pytest.raises(NotConnectedError, match=r"https|public"):
            HTTP.get(one, public_only=True)
    assert OutboundHttp(LIMITS, allows_loopback=True).get(address, public_only=True).status == 200


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the addresses that were connected to; none of them answers."""
    connected: list[object] = []

    def refuse(address: object, _timeout: float, **_options: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(outbound_http, "create_connection", refuse)
    return connected


@pytest.mark.parametrize("found", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["127.0.0.1", "10.0.0.1"], []])
@pytest.mark.parametrize("allows_loopback", [False, True])
def test_every_address_behind_a_name_must_be_public(
    connected: list[object],
    found: list[str],
    allows_loopback: bool,  # noqa: FBT001 - a parameter of the test
):
    http = OutboundHttp(LIMITS, allows_loopback=allows_loopback, resolve=lambda _host, _port: found)
    with pytest.raises(NotConnectedError):
        http.get("https://keys.example/jwks", public_only=True)
    assert connected == []


def test_a_private_address_is_fine_where_an_operator_chose_it(connected: list[object]):
    http = OutboundHttp(LIMITS, resolve=lambda _host, _port: ["10.0.0.1", "10.0.0.2"])
    with pytest.raises(NotConnectedError, match="ConnectionRefusedError"):
        http.get("https://city.example/logout")
    assert connected == [("10.0.0.1", 443), ("10.0.0.2", 443)]


def test_the_connection_goes_to_the_address_that_was_checked(connected: list[object]):
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    http = OutboundHttp(LIMITS, resolve=lambda _host, _port: next(answers))
    with pytest.raises(NotConnectedError):
        http.get("https://rebinding.example/jwks", public_only=True)
    assert connected == [("8.8.8.8", 443)]


DRIPS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    # A record of the TLS handshake that is 512 bytes long.
    "handshake": (b"\x16\x03\x03\x02\x00", b"x"),
}


@pytest.mark.parametrize("part", DRIPS)
def test_a_server_that_drips_is_cut_off(serve: Serve, part: str):
    over, (start, drop) = threading.Event(), DRIPS[part]

    def drip(connection: socket.socket) -> None:
        try:
            connection.sendall(start)
            while not over.wait(0.05):
                connection.sendall(drop)
        except OSError:
            over.set()

    hasty = OutboundHttp(replace(LIMITS, total=0.3))
    started = time.monotonic()
    with pytest.raises(OutboundHttpError, match=TOO_LATE):
        hasty.get(serve(drip, "https" if part == "handshake" else "http"))
    assert time.monotonic() - started < LIMITS.read
    over.set()


def test_a_silent_server_is_left(serve: Serve):
    over = threading.Event()
    impatient = OutboundHttp(replace(LIMITS, read=0.1))
    with pytest.raises(OutboundHttpError, match=TOO_LATE):
        impatient.get(serve(lambda _connection: over.wait(2) and None))
    over.set()


def test_a_server_without_tls_is_refused(serve: Serve):
    with pytest.raises(NotConnectedError, match=ssl.SSLError.__name__):
        HTTP.get(serve(saying(b"HTTP/1.1 200 OK\r\n\r\n{}"), "https"))


@pytest.mark.parametrize(
    "address", ["", "https://", "ftp://8.8.8.8/", "https://[::1", "http://8.8.8.8/", "file:///x"]
)
def test_other_addresses_are_refused(address: str):
    with pytest.raises(NotConnectedError):
        HTTP.get(address, public_only=True)
