"""What programs call is answered before Flask, and differs from what Flask would answer in nothing."""

import pytest
from identity.web.api import Endpoint, MachineDoor
from identity.web.headers import SecurityHeaders
from werkzeug.test import Client, create_environ
from werkzeug.wrappers import Request, Response


@pytest.fixture
def call(settings):
    """Return a function that asks `/endpoint`, which answers GET and HEAD, and anything else of the pages."""

    def pages(_environ, start_response):
        start_response("418 I'M A TEAPOT", [])
        return [b"a page"]

    def call(method="GET", path="/endpoint", response=None):
        endpoint = Endpoint(("GET", "HEAD"), lambda _request: response or Response())
        door = MachineDoor(pages, {"/endpoint": endpoint}, SecurityHeaders(settings))
        return Client(door).open(path, method=method)

    return call


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/endpoint"), ("OPTIONS", "/endpoint"), ("GET", "/endpoint/"), ("GET", "/")]
)
def test_everything_else_goes_on_to_the_pages(call, method, path):
    assert call(method, path).status_code == 418


def test_the_answer_is_complete(call):
    response = call(response=Response(b'{"a":1}', content_type="application/json"))
    assert (response.status, response.json, response.content_length) == ("200 OK", {"a": 1}, 7)


def test_head_tells_the_length_and_sends_nothing(call):
    response = call("HEAD", response=Response(b'{"a":1}'))
    assert (response.data, response.headers["Content-Length"]) == (b"", "7")


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_no_length(call, status):
    assert "Content-Length" not in call(response=Response(status=status)).headers


def test_the_endpoint_gets_the_request(settings):
    asked: list[Request] = []

    def respond(request):
        asked.append(request)
        return Response(b"{}")

    door = MachineDoor(lambda *_: (), {"/endpoint": Endpoint(("POST",), respond)}, SecurityHeaders(settings))
    environ = create_environ("/endpoint", method="POST", data={"name": "value"})
    assert list(door(environ, lambda *_: lambda _: None)) == [b"{}"]
    assert asked[0].form["name"] == "value"


@pytest.mark.parametrize("path", ["/jwks", "/.well-known/openid-configuration", "/userinfo"])
def test_the_security_headers_are_those_of_every_other_answer(client, settings, path):
    machines, flask = client.get(path).headers, client.options(path).headers
    for name, value in SecurityHeaders(settings).beside(["Cache-Control"]):
        assert machines[name] == flask[name] == value
    assert "Cache-Control" in machines


def test_no_cookie_is_read_or_set(client):
    response = client.get("/jwks?lang=es")
    assert "Set-Cookie" not in response.headers
    assert "Cookie" not in response.headers.get("Vary", "")
