"""Bodies as a server hands them over: read to their end, whatever becomes of them."""

from io import BytesIO

import pytest
from identity.request_bodies import MOST_BYTES, with_whole_bodies
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response


class Limited(Request):
    max_content_length = 1000


@Limited.application
def form_only(request: Limited) -> Response:
    if request.path == "/ignores":
        return Response("not read", 404)
    try:
        return Response(str(len(request.form.get("a", ""))))
    except RequestEntityTooLarge:
        return Response("too large", 413)


def sent(body: bytes, path: str = "/", **more: str) -> tuple[str, int]:
    """Return the response, and how many bytes are left to read."""
    body_stream = BytesIO(body)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "wsgi.input": body_stream,
        "wsgi.input_terminated": True,
        "wsgi.url_scheme": "http",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        **more,
    }
    response = b"".join(with_whole_bodies(form_only)(environ, lambda *_: lambda _: None))
    return response.decode(), len(body_stream.read())


def with_length(body: bytes, **more: str) -> tuple[str, int]:
    return sent(body, CONTENT_LENGTH=str(len(body)), **more)


def in_chunks(body: bytes, **more: str) -> tuple[str, int]:
    return sent(body, HTTP_TRANSFER_ENCODING="chunked", **more)


@pytest.mark.parametrize("send", [with_length, in_chunks])
def test_a_body_within_the_limit_reaches_the_application(send):
    assert send(b"a=" + b"x" * 998) == ("998", 0)


@pytest.mark.parametrize("send", [with_length, in_chunks])
@pytest.mark.parametrize("size", [1001, 100_000, MOST_BYTES])
def test_too_large_a_body_is_refused_after_it_was_read(send, size):
    assert send(b"a=" + b"x" * (size - 2)) == ("too large", 0)


@pytest.mark.parametrize("send", [with_length, in_chunks])
def test_a_body_that_the_application_ignores_is_read(send):
    assert send(b"x" * 100_000, path="/ignores") == ("not read", 0)


@pytest.mark.parametrize("send", [with_length, in_chunks])
def test_more_than_a_mebibyte_is_not(send):
    assert send(b"x" * 2 * MOST_BYTES) == ("too large", MOST_BYTES)


def test_a_client_that_waits_to_be_asked_is_not():
    assert with_length(b"x" * 100_000, HTTP_EXPECT="100-continue") == ("too large", 100_000)


def test_without_a_body_nothing_is_read():
    assert sent(b"the next request", path="/ignores") == ("not read", len(b"the next request"))
