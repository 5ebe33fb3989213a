"""Bodies: whole, within a size and a time, however they are sent; a thread is taken for a whole one alone."""

import json
import time

import pytest
from identity.web_server.request_bodies import KEPT_BYTES, MOST_BYTES, MOST_PIECES
from raw_requests import Served

FORM = b"Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def head(*lines: bytes, path: bytes = b"/") -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\n" + FORM + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def with_length(served: Served, body: bytes, path: bytes = b"/") -> tuple[int, bytes]:
    answer = served.ask(head(b"Content-Length: %d" % len(body), path=path), body)
    return answer.status, answer.body


def in_chunks(served: Served, body: bytes, path: bytes = b"/") -> tuple[int, bytes]:
    sizes = range(0, len(body), 16_000)
    chunks = [b"%x\r\n%b\r\n" % (len(body[at : at + 16_000]), body[at : at + 16_000]) for at in sizes]
    answer = served.ask(head(b"Transfer-Encoding: chunked", path=path), *chunks, b"0\r\n\r\n")
    return answer.status, answer.body


@pytest.mark.parametrize("send", [with_length, in_chunks])
@pytest.mark.parametrize("size", [1, 1000])
def test_a_body_within_the_limit_reaches_the_application(served, send, size):
    status, said = send(served, b"x" * size)
    assert (status, json.loads(said)["body"]) == (200, "x" * size)
    assert json.loads(said)["CONTENT_LENGTH"] == str(size)


def test_no_transfer_coding_reaches_the_application(served):
    assert "HTTP_TRANSFER_ENCODING" not in json.loads(in_chunks(served, b"x")[1])


@pytest.mark.parametrize("send", [with_length, in_chunks])
@pytest.mark.parametrize("size", [1001, KEPT_BYTES, KEPT_BYTES + 1, 300_000, MOST_BYTES])
def test_too_large_a_body_is_refused_by_the_application(served, send, size):
    assert send(served, b"x" * size) == (413, b"too large")


@pytest.mark.parametrize("send", [with_length, in_chunks])
def test_a_body_that_the_application_ignores_is_read(served, send):
    assert send(served, b"x" * 100_000, path=b"/ignores") == (404, b"not read")


@pytest.mark.parametrize("framing", [b"Content-Length: 5000000", b"Transfer-Encoding: chunked"])
def test_more_than_a_mebibyte_is_not_read(served, framing):
    connection = served.connect().send(head(framing))
    piece = b"x" * 500_000
    if b"chunked" in framing:
        piece = b"%x\r\n%b\r\n" % (len(piece), piece)
    connection.send(piece, piece, piece)
    assert connection.answer().body == b"too large"


def test_a_client_that_waits_to_be_asked_is_asked(served):
    connection = served.connect().send(head(b"Content-Length: 2", b"Expect: 100-continue"))
    assert connection.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert json.loads(connection.send(b"ok").answer().body)["body"] == "ok"


def test_too_large_a_body_is_not_asked_for(served):
    connection = served.connect().send(head(b"Content-Length: 100000", b"Expect: 100-continue"))
    assert connection.answer().status == 413


def test_trailers_are_dropped(served):
    sent = head(b"Transfer-Encoding: chunked", b"Trailer: X-Sum")
    answer = served.ask(sent, b"2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")
    assert json.loads(answer.body)["body"] == "ok"


@pytest.mark.parametrize(
    ("framing", "part"),
    [
        (b"Content-Length: 10", b"abc"),
        (b"Content-Length: 100000", b"abc"),
        (b"Transfer-Encoding: chunked", b"3\r\nabc\r\n"),
        (b"Transfer-Encoding: chunked", b"3\r\na"),
    ],
)
def test_a_body_that_is_cut_off_never_reaches_the_application(served, framing, part):
    connection = served.connect().send(head(framing, path=b"/pieces"), part)
    before = json.loads(served.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").body)["closed"]
    connection.socket.close()
    time.sleep(0.2)
    after = json.loads(served.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").body)["closed"]
    assert after == before


@pytest.mark.parametrize(
    ("framing", "part"),
    [
        (b"Content-Length: 10", b""),
        (b"Content-Length: 100000", b"abc"),
        (b"Transfer-Encoding: chunked", b"3\r\nabc\r\n"),
    ],
)
def test_a_body_that_does_not_come_is_answered_with_408(served, framing, part):
    began = time.monotonic()
    connection = served.connect().send(head(framing), part)
    answer = connection.answer()
    assert (answer.status, answer.header("connection")) == (408, "close")
    assert 0.9 < time.monotonic() - began < 3
    assert connection.is_closed()


def test_a_body_that_drips_is_too(served):
    connection = served.connect().send(head(b"Content-Length: 100"))
    for _ in range(5):
        connection.send(b"x")
        time.sleep(0.15)
    assert connection.answer().status == 408


def test_a_body_in_countless_pieces_is_refused(served):
    pieces = b"1\r\nx\r\n" * (MOST_PIECES + 100)
    connection = served.connect().send(head(b"Transfer-Encoding: chunked"), pieces)
    assert connection.answer().status == 400
