"""Security headers on everything that leaves (ASVS 5.0 §3.3, §3.4)."""

import pytest
from page import Page

PATHS = [
    "/sign-in",
    "/help",
    "/nowhere",
    "/health/live",
    "/cities/pinellas-park",
    "/cities/nowhere",
    "/sign-out",
]


def test_every_response_has_them(client):
    for path in PATHS:
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert "camera=()" in headers["Permissions-Policy"], path
        assert "Content-Security-Policy" in headers, path


def policy(response):
    directives = response.headers["Content-Security-Policy"].split("; ")
    return {name: sources for name, _, sources in (directive.partition(" ") for directive in directives)}


def test_pages_run_and_load_only_what_is_ours(client):
    directives = policy(client.get("/sign-in"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["img-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == directives["object-src"] == "'none'"
    assert "unsafe" not in str(directives)


def test_pages_have_nothing_inline(client):
    for path in ("/sign-in", "/sign-up", "/forgot-password", "/unlock-account", "/help"):
        page = Page(client.get(path))
        assert page.all("//script[not(@src)] | //style | //*[@style]") == [], path
        assert page.all("//@*[starts-with(name(), 'on')]") == [], path


def test_forms_end_here_unless_a_website_sent_the_resident(client, from_portal):
    assert policy(client.get("/sign-in"))["form-action"] == "'self'"
    assert policy(client.get(f"/sign-in{from_portal}"))["form-action"] == "'self' http://127.0.0.1:8080"


def test_that_website_is_forgotten_by_the_next_response(client, from_portal):
    client.get(f"/sign-in{from_portal}")
    client.delete_cookie("page")
    assert policy(client.get("/sign-in"))["form-action"] == "'self'"


def test_pages_are_kept_by_nobody(client):
    for path in ("/sign-in", "/help", "/nowhere", "/profile"):
        assert client.get(path).headers["Cache-Control"] == "no-store", path


def test_assets_are_kept_for_an_hour(client):
    response = client.get("/static/css/identity.css")
    assert "max-age=3600" in response.headers["Cache-Control"]
    response.close()


class TestOverHttps:
    @pytest.fixture
    def secure(self, start):
        return start(issuer="https://id.example.gov").test_client()

    def test_browsers_come_back_by_https_only(self, secure):
        value = secure.get("/help").headers["Strict-Transport-Security"]
        assert value == "max-age=63072000; includeSubDomains"

    def test_cookies_are_secure_and_bound_to_the_host(self, secure):
        for cookie in secure.get("/sign-in?lang=es").headers.getlist("Set-Cookie"):
            assert cookie.startswith("__Host-")
            assert "; Secure" in cookie
            assert "; HttpOnly" in cookie
            assert "; Path=/" in cookie
            assert "; SameSite=Lax" in cookie
            assert "Domain" not in cookie


def test_without_https_there_is_no_hsts(client):
    assert "Strict-Transport-Security" not in client.get("/help").headers
