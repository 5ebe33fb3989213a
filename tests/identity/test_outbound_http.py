"""Requests to other parties are bounded, and reach the public network alone where they have to."""

import gzip
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from certificate_authority import CertificateAuthority
from identity import outbound_http
from identity.egress import Egress
from identity.host_names import Resolver
from identity.network_addresses import is_on_loopback, is_public
from identity.outbound_http import TOO_LATE, Limits, NotConnectedError, OutboundHttp, OutboundHttpError
from identity.trusted_authorities import TrustedAuthorities
from raw_server import DRIPS, Serve, dripping, saying

LIMITS = Limits(connect=1.0, read=1.0, total=2.0, size=64 * 1024)
HTTP = OutboundHttp(LIMITS)


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


@pytest.mark.parametrize("part", DRIPS)
def test_a_server_that_drips_is_cut_off(serve: Serve, part: str):
    hasty = OutboundHttp(replace(LIMITS, total=0.3))
    started = time.monotonic()
    with pytest.raises(OutboundHttpError, match=TOO_LATE):
        hasty.get(serve(dripping(part, 0.05), "https" if part == "handshake" else "http"))
    assert time.monotonic() - started < LIMITS.read


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


class Proxy:
    """A proxy on loopback that connects every tunnel to one server, and keeps what it was asked."""

    def __init__(self, serve: Serve, target: str = "", status: int = 200) -> None:
        self.asked: list[bytes] = []
        self._target, self._status = urlsplit(target), status
        self.address = serve(self._answer).removesuffix("/jwks")

    def _answer(self, connection: socket.socket) -> None:
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            asked += connection.recv(1)
        self.asked.append(asked)
        connection.sendall(f"HTTP/1.1 {self._status} So\r\nContent-Length: 0\r\n\r\n".encode())
        if self._status != 200:
            return
        with socket.create_connection((self._target.hostname or "", self._target.port or 0)) as target:
            threading.Thread(target=relay, args=(target, connection), daemon=True).start()
            relay(connection, target)


def relay(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)


def resolver(**names: str) -> Resolver:
    """Return a resolver that knows these names, of which the dots are underscores, and addresses."""

    def resolve(host: str, _port: int) -> list[str]:
        if host[0].isdigit():
            return [host]
        if host.replace(".", "_") not in names:
            raise socket.gaierror
        return [names[host.replace(".", "_")]]

    return resolve


class TestThroughAProxy:
    @pytest.fixture
    def authorities(self, certificate_authority: CertificateAuthority) -> TrustedAuthorities:
        return TrustedAuthorities(str(certificate_authority.file))

    @pytest.fixture
    def proxy(self, serve: Serve, certificate_authority: CertificateAuthority) -> Proxy:
        tls = certificate_authority.issue("keys.example.com").tls
        return Proxy(serve, serve(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), tls=tls))

    @pytest.mark.parametrize("public_only", [False, True])
    @pytest.mark.parametrize("known", [{"keys_example_com": "8.8.8.8"}, {}])
    def test_the_public_network_is_reached_by_a_tunnel(
        self,
        proxy: Proxy,
        authorities: TrustedAuthorities,
        known: dict[str, str],
        public_only: bool,  # noqa: FBT001 - a parameter of the test
    ):
        """Also a name that this machine does not know, as behind many a firewall."""
        http = OutboundHttp(LIMITS, Egress(authorities, proxy.address), resolve=resolver(**known))
        assert http.get("https://keys.example.com/jwks", public_only=public_only).status == 200
        assert proxy.asked == [b"CONNECT keys.example.com:443 HTTP/1.1\r\nHost: keys.example.com:443\r\n\r\n"]

    def test_the_proxy_may_ask_for_a_password(self, proxy: Proxy, authorities: TrustedAuthorities):
        address = proxy.address.replace("//", "//city:p%40ss@")
        http = OutboundHttp(LIMITS, Egress(authorities, address), resolve=resolver())
        assert http.get("https://keys.example.com/").status == 200
        assert b"\r\nProxy-Authorization: Basic Y2l0eTpwQHNz\r\n" in proxy.asked[0]
        assert "p%40ss" not in repr(Egress(authorities, address))

    @pytest.mark.parametrize(
        "url",
        [
            "https://10.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/",
            "https://inside.example.com/",
            "https://intranet/",
            "https://intranet./",
            "https://db.internal/",
            "https://printer.local/",
            "http://keys.example.com/",
        ],
    )
    def test_a_client_cannot_reach_the_private_network(
        self, proxy: Proxy, authorities: TrustedAuthorities, url: str
    ):
        http = OutboundHttp(
            LIMITS, Egress(authorities, proxy.address), resolve=resolver(inside_example_com="10.0.0.1")
        )
        with pytest.raises(NotConnectedError):
            http.get(url, public_only=True)
        assert proxy.asked == []

    def test_an_operators_private_address_and_this_machine_are_reached_directly(
        self, serve: Serve, proxy: Proxy, authorities: TrustedAuthorities
    ):
        http = OutboundHttp(LIMITS, Egress(authorities, proxy.address))
        assert http.get(serve(saying(b"HTTP/1.1 200 OK\r\n\r\n{}"))).status == 200
        assert proxy.asked == []

    def test_a_proxy_that_refuses_is_named(self, serve: Serve, authorities: TrustedAuthorities):
        proxy = Proxy(serve, status=407)
        http = OutboundHttp(LIMITS, Egress(authorities, proxy.address), resolve=resolver())
        with pytest.raises(NotConnectedError, match="the proxy answers 407"):
            http.get("https://keys.example.com/")

    @pytest.mark.parametrize("text", [b"nonsense\r\n\r\n", b""])
    def test_a_proxy_that_is_none_is_no_answer(
        self, serve: Serve, authorities: TrustedAuthorities, text: bytes
    ):
        address = serve(saying(text)).removesuffix("/jwks")
        http = OutboundHttp(LIMITS, Egress(authorities, address), resolve=resolver())
        with pytest.raises(NotConnectedError, match="no answer"):
            http.get("https://keys.example.com/")

    def test_a_proxy_that_drips_is_cut_off(self, serve: Serve, authorities: TrustedAuthorities):
        address = serve(dripping("headers", 0.05)).removesuffix("/jwks")
        hasty = OutboundHttp(replace(LIMITS, total=0.3), Egress(authorities, address), resolve=resolver())
        with pytest.raises(NotConnectedError, match=TOO_LATE):
            hasty.get("https://keys.example.com/")


@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:9"])
def test_a_name_server_that_does_not_answer_is_not_waited_for(proxy: str):
    over = threading.Event()

    def hang(_host: str, _port: int) -> list[str]:
        over.wait(5)
        return []

    hasty = OutboundHttp(replace(LIMITS, total=0.3), Egress(proxy=proxy), resolve=hang)
    began = time.monotonic()
    with pytest.raises(NotConnectedError, match=TOO_LATE):
        hasty.get("https://keys.example.com/")
    assert time.monotonic() - began < 1
    over.set()
