"""What an application gets of a request, and a client of a response: as PEP 3333 and RFC 9110 say."""

import json

import pytest
from raw_requests import Served


def said(served: Served, head: bytes) -> dict[str, object]:
    answer = served.ask(head.replace(b"\n", b"\r\n") + b"\r\n\r\n")
    assert answer.status == 200
    return dict(json.loads(answer.body))


def test_the_request_line(served):
    environ = said(served, b"GET /a%20path/%C3%A1?x=%20&y=%C3%A1 HTTP/1.1\nHost: id.example.gov")
    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["path"] == "/a path/á"
    assert environ["QUERY_STRING"] == "x=%20&y=%C3%A1"
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["SCRIPT_NAME"] == ""
    assert environ["REMOTE_ADDR"] == environ["SERVER_NAME"] == "127.0.0.1"
    assert environ["SERVER_PORT"] == str(served.port)


def test_bytes_that_are_no_text_are_replaced_in_a_path(served):
    assert said(served, b"GET /%FF%2F HTTP/1.1\nHost: x")["path"] == "/\ufffd/"


def test_a_dot_segment_is_not_resolved(served):
    assert said(served, b"GET /a/..%2f../b HTTP/1.1\nHost: x")["path"] == "/a/../../b"


def test_headers_of_one_name_are_joined(served):
    environ = said(
        served, b"GET / HTTP/1.1\nHost: x\nX-Forwarded-For: 1\nX-Forwarded-For: 2\nCookie: a=1\nCookie: b=2"
    )
    assert environ["HTTP_X_FORWARDED_FOR"] == "1,2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


def test_a_header_that_is_not_readable_is_there(served):
    assert said(served, b"GET / HTTP/1.1\nHost: x\nX-Name: \xc3\xa1")["HTTP_X_NAME"] == ""


def test_an_absolute_target_names_the_host_of_a_request_without_one(served):
    environ = said(served, b"GET http://id.example.gov/a HTTP/1.0")
    assert (environ["path"], environ["HTTP_HOST"]) == ("/a", "id.example.gov")
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.0"


def test_nothing_of_this_process_is_in_it(served):
    assert "PATH" not in said(served, b"GET / HTTP/1.1\nHost: x")


def test_http_1_0_is_closed_after_the_response(served):
    connection = served.connect().send(b"GET /ignores HTTP/1.0\r\n\r\n")
    assert connection.answer().status == 404
    assert connection.is_closed()


def test_requests_follow_one_another_on_a_connection(served):
    connection = served.connect()
    for _ in range(2):
        connection.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")
        assert json.loads(connection.answer().body)["body"] == "ok"


def test_head_has_the_headers_alone(served):
    connection = served.connect().send(b"HEAD /ignores HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = connection.answer("HEAD")
    assert (answer.status, answer.header("content-length"), answer.body) == (404, "8", b"")
    assert connection.send(b"GET /ignores HTTP/1.1\r\nHost: x\r\n\r\n").answer().body == b"not read"


def test_a_header_may_be_sent_twice(served):
    answer = served.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert [value for name, value in answer.headers if name == "set-cookie"] == ["a=1", "b=2"]


def test_a_response_in_pieces_is_closed(served):
    before = said(served, b"GET / HTTP/1.1\nHost: x")["closed"]
    assert served.ask(b"GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n").body == b"one two"
    assert served.ask(b"GET /pieces-fail HTTP/1.1\r\nHost: x\r\n\r\n").status == 500
    assert said(served, b"GET / HTTP/1.1\nHost: x")["closed"] == before + 2


@pytest.mark.parametrize("path", ["/fails", "/pieces-fail"])
def test_an_error_of_the_application_is_a_500_without_its_words(served, path):
    answer = served.ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (answer.status, b"resident" in answer.body) == (500, False)
    log = served.log.read_text()
    assert "LookupError" in log
    assert "resident" not in log
