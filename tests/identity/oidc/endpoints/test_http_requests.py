"""Forms: read as Werkzeug's general parser reads them, within the same limits."""

from io import BytesIO

import pytest
from identity.oidc.endpoints.http_requests import HttpRequests
from identity.web.api import ApiRequest
from identity.web.responses import json_response
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

FORM = "application/x-www-form-urlencoded"


class NoCertificates:
    header = ""


def environ(body: bytes, content_type: str = FORM, **changes: object) -> dict[str, object]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/token",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
    } | changes


def parameters_of(content: dict[str, object]) -> dict[str, list[str]] | None:
    """Return what an endpoint reads; None where it is told that this is no form."""
    read: list[dict[str, list[str]]] = []

    def respond(request):
        read.append(request.parameters.stored())
        return json_response(200, {})

    view = HttpRequests(NoCertificates(), None, "https://id.example").form(respond)
    response = view(ApiRequest(content))
    return read[0] if response.status_code == 200 else None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a=1&b=2",
        b"a=1&a=2&b",
        b"a+b=c+d&e%20f=%2B%26%3D",
        b"=1&&a=&=&b=x=y",
        "a=ü&b=%C3%BC&c=%u00fc".encode(),
        b"a=%ff%fe&b=%zz&c=%",
        b"a=\xff&b=1",
        b"a=1;b=2",
        b"a=\x00&b=%00",
        b"a=" + b"x" * 60_000,
    ],
)
def test_a_form_is_read_as_the_general_parser_reads_it(body):
    whole: MultiDict[str, str] = ApiRequest(environ(body)).form
    expected = {name: values for name in whole if (values := [v for v in whole.getlist(name) if v])}
    assert parameters_of(environ(body)) == expected


@pytest.mark.parametrize(
    "content_type", [f"{FORM}; charset=UTF-8", FORM.upper(), f" {FORM}", f"{FORM};charset=iso-8859-1"]
)
def test_the_media_type_is_told_by_its_name(content_type):
    assert parameters_of(environ(b"a=1", content_type)) == {"a": ["1"]}


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "multipart/form-data; boundary=x", "text/plain"]
)
def test_another_media_type_is_no_form(content_type):
    assert parameters_of(environ(b"a=1", content_type)) is None


def test_a_body_without_a_length_is_read_to_its_end():
    content = environ(b"a=1", HTTP_TRANSFER_ENCODING="chunked")
    del content["CONTENT_LENGTH"]
    assert parameters_of(content) == {"a": ["1"]}


@pytest.mark.parametrize("changes", [{}, {"CONTENT_LENGTH": "99999999", "wsgi.input": BytesIO(b"")}])
def test_a_body_that_is_too_long_is_refused(changes):
    with pytest.raises(RequestEntityTooLarge):
        parameters_of(environ(b"a=" + b"x" * 65_536, **changes))


def test_a_body_that_was_cut_off_is_refused():
    with pytest.raises(BadRequest):
        parameters_of(environ(b"a=1", CONTENT_LENGTH="100"))
