"""Requests to identity are bounded in time and size, and nothing of the environment counts."""

import gzip
import threading
import time
from dataclasses import replace

import pytest
from billing_link.outbound_http import TOO_LATE, Limits, NotConnectedError, OutboundHttp, OutboundHttpError
from billing_link.trusted_authorities import TrustedAuthorities
from raw_server import DRIPS, dripping, saying

LIMITS = Limits(connect=1.0, read=1.0, total=1.0, size=64 * 1024)
HTTP = OutboundHttp(LIMITS, TrustedAuthorities())
OK = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n\r\n{}"


def test_a_plain_answer_is_returned(serve):
    response = HTTP.get(serve(saying(OK)))
    assert (response.json_if_ok(), response.headers["cache-control"]) == ({}, "max-age=60")


@pytest.mark.parametrize("part", DRIPS)
def test_a_server_that_trickles_is_cut_off(serve, part):
    """A byte every 0.3 seconds, with a second for all."""
    url = serve(dripping(part), "https" if part == "handshake" else "http")
    began = time.monotonic()
    with pytest.raises(OutboundHttpError, match=TOO_LATE):
        HTTP.get(url)
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 20_000_000),
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"nonsense",
    ],
)
def test_a_large_compressed_or_odd_answer_fails(serve, text):
    with pytest.raises(OutboundHttpError):
        HTTP.get(serve(saying(text)))


def test_no_redirect_is_followed(serve):
    answer = saying(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n")
    with pytest.raises(OutboundHttpError, match="status 302"):
        HTTP.get(serve(answer)).json_if_ok()


def test_the_environment_has_no_say(serve, monkeypatch, tmp_path):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login planted password planted\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    asked = []

    def answer(connection):
        asked.append(connection.recv(65536))
        connection.sendall(OK)

    assert HTTP.get(serve(answer)).status == 200
    assert b"Authorization" not in asked[0]


def test_a_name_server_that_does_not_answer_is_not_waited_for():
    over = threading.Event()
    hasty = OutboundHttp(
        replace(LIMITS, total=0.3), TrustedAuthorities(), resolve=lambda _host, _port: over.wait(5) and []
    )
    began = time.monotonic()
    with pytest.raises(NotConnectedError, match=TOO_LATE):
        hasty.get("https://id.example.gov/jwks")
    assert time.monotonic() - began < 1
    over.set()
