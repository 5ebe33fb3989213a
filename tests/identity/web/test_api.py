"""The API: its table decides, every answer is JSON, and every other path is a page's."""

import pytest
from identity.errors import UnavailableError
from identity.web.api import READ, WRITE, Api, ApiRequest, Route
from identity.web.documents import Document
from identity.web.headers import SecurityHeaders
from identity.web.responses import empty_response, json_response
from structlog.testing import capture_logs
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.test import Client, create_environ
from werkzeug.wrappers import Request


def pages(_environ, start_response):
    start_response("418 I'M A TEAPOT", [])
    return [b"a page"]


def faulty(_request):
    raise RuntimeError("SELECT secret")


def waiting(_request):
    raise UnavailableError("the database does not answer")


def absent(_request):
    raise NotFound


def unreadable(_request):
    raise BadRequest


def left_where_named(request):
    return None if request.args.get("leave") else empty_response()


ROUTES = [
    Route("/things", READ, lambda _request: json_response(200, {"a": 1}), cross_origin=True),
    Route("/things/<name>", (*READ, "PUT"), lambda _request, name: json_response(200, {"name": name})),
    Route("/forms", WRITE, lambda request: json_response(200, dict(request.form))),
    Route("/empty", READ, lambda _request: empty_response()),
    Route("/document", READ, Document(b"text", "text/plain").respond),
    Route("/faulty", READ, faulty, cross_origin=True),
    Route("/waiting", READ, waiting),
    Route("/absent", READ, absent),
    Route("/unreadable", READ, unreadable),
    Route("/shared", WRITE, left_where_named, has_page=True),
]


@pytest.fixture
def api(settings):
    return Api(ROUTES, SecurityHeaders(settings), pages, faulted=lambda _fault: None)


@pytest.fixture
def call(api):
    """Return a function that sends a request to the API."""
    return Client(api).open


class TestPaths:
    @pytest.mark.parametrize("path", ["/", "/thing", "/thingss", "/sign-in", "/sign-in/things"])
    def test_a_path_of_no_route_goes_on_to_the_pages(self, call, path):
        assert call(path).status_code == 418

    @pytest.mark.parametrize("path", ["/things/", "/things/a/b", "/forms/x", "/things//a"])
    def test_what_is_below_a_route_is_not_found_in_json(self, call, path):
        response = call(path)
        assert (response.status_code, response.json) == (404, {"error": "not_found"})

    def test_a_view_gets_the_variable_part_of_its_path(self, call):
        assert call("/things/caf%C3%A9").json == {"name": "café"}

    def test_a_view_gets_the_request(self, call):
        assert call("/forms", method="POST", data={"name": "value"}).json == {"name": "value"}


def test_a_database_that_cannot_be_used_is_asked_again_later(call):
    response = call("/waiting")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")


class TestSharedPaths:
    """A path that has a page too."""

    def test_its_view_answers(self, call):
        assert call("/shared", method="POST").status_code == 204

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT"])
    def test_other_methods_are_the_pages(self, call, method):
        assert call("/shared", method=method).status_code == 418

    def test_what_the_view_leaves_is_the_pages(self, call):
        assert call("/shared?leave=yes", method="POST").status_code == 418

    @pytest.mark.parametrize("path", ["/shared/", "/shared/below"])
    def test_what_is_below_is_the_pages(self, call, path):
        assert call(path, method="POST").status_code == 418


@pytest.mark.parametrize(
    "sent", ["", "a=1", "a=1; b=2;a=3", ' a = "x\\"y" ;;c', "a=\xc3\xa9; b", "=1; a=b=c", 'a="; b=2']
)
def test_cookies_are_read_as_werkzeug_reads_them(sent):
    environ = create_environ() | {"HTTP_COOKIE": sent}
    read = [list(kind(environ).cookies.items(multi=True)) for kind in (ApiRequest, Request)]
    assert read[0] == read[1]


class TestMethods:
    def test_another_one_is_refused_and_the_right_ones_named(self, call):
        response = call("/things/a", method="DELETE")
        assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, PUT")
        assert response.json["error"] == "invalid_request"

    def test_head_has_the_length_and_no_body(self, call):
        response = call("/things", method="HEAD")
        assert (response.data, response.headers["Content-Length"]) == (b"", "7")

    def test_a_preflight_names_methods_and_headers(self, call):
        response = call("/things", method="OPTIONS")
        assert (response.status_code, response.headers["Allow"]) == (204, "GET, HEAD")
        assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "DPoP" in response.headers["Access-Control-Allow-Headers"]

    def test_scripts_of_other_websites_are_let_in_by_the_route_alone(self, call):
        response = call("/forms", method="OPTIONS")
        assert (response.status_code, response.headers["Allow"]) == (204, "POST")
        assert not [name for name in response.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118 - a multi-dict


class TestResponses:
    def test_one_is_complete(self, call):
        response = call("/things")
        assert (response.status, response.mimetype) == ("200 OK", "application/json")
        assert (response.json, response.content_length) == ({"a": 1}, 7)

    def test_one_without_a_body_has_no_length(self, call):
        known = {"If-None-Match": call("/document").headers["ETag"]}
        for response in (call("/empty"), call("/document", headers=known)):
            assert response.status_code in (204, 304)
            assert {"Content-Length", "Content-Type"} & set(response.headers.keys()) == set()

    def test_a_document_is_the_same_after_many_requests(self, call):
        first = call("/document")
        assert [call("/document").headers.to_wsgi_list() for _ in range(3)] == [
            first.headers.to_wsgi_list()
        ] * 3

    @pytest.mark.parametrize(
        ("path", "status", "error"),
        [
            ("/faulty", 500, "server_error"),
            ("/waiting", 503, "temporarily_unavailable"),
            ("/absent", 404, "not_found"),
            ("/unreadable", 400, "invalid_request"),
        ],
    )
    def test_a_fault_is_json_without_its_cause(self, call, path, status, error):
        response = call(path)
        assert (response.status_code, response.json) == (status, {"error": error})

    def test_a_fault_can_be_read_by_the_scripts_that_may_call(self, call):
        assert call("/faulty").headers["Access-Control-Allow-Origin"] == "*"

    def test_an_unforeseen_one_is_logged_with_its_path_and_place(self, call):
        with capture_logs() as logs:
            call("/faulty")
        [failure] = logs
        assert (failure["event"], failure["path"]) == ("request_failed", "/faulty")
        assert failure["where"][0] == "builtins.RuntimeError"
        assert "SELECT" not in repr(logs)

    def test_a_body_of_more_than_64_kib_is_refused(self, call):
        response = call("/forms", method="POST", data={"name": "x" * 65_536})
        assert (response.status_code, response.json) == (413, {"error": "invalid_request"})

    @pytest.mark.parametrize("path", ["/things", "/empty", "/faulty", "/things/a/b"])
    def test_each_has_the_security_headers(self, call, settings, path):
        headers = call(path).headers
        for name, value in SecurityHeaders(settings).beside(["Cache-Control"]):
            assert headers.getlist(name) == [value]

    def test_the_body_is_sent_as_it_is(self, api):
        assert list(api(create_environ("/document"), lambda *_: lambda _: None)) == [b"text"]


class TestOfTheService:
    @pytest.mark.parametrize("path", ["/jwks", "/cities/pinellas-park", "/health/live", "/openapi.json"])
    def test_no_cookie_is_read_or_set(self, client, path):
        response = client.get(f"{path}?lang=es")
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers
        assert "Cookie" not in response.headers.get("Vary", "")

    def test_health_answers_while_pages_fail(self, start, monkeypatch):
        app = start()
        monkeypatch.setattr(app, "full_dispatch_request", faulty)
        assert app.test_client().get("/health/live").json == {"status": "ok"}
