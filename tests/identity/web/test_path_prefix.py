"""A service below a path of its host: what it answers, where, and under which cookies."""

import re
from urllib.parse import urlencode

import pytest
from identity.web.path_prefix import HEALTH, PathPrefix
from lxml import html
from werkzeug.test import Client

HOST = "https://www.example.gov"
PREFIX = "/id"


def inner(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode()]


@pytest.fixture
def call():
    """Return a function that asks for a path of the host."""
    at_root = {**HEALTH, "/.well-known/thing/id": "/.well-known/thing"}
    return Client(PathPrefix(inner, f"{HOST}{PREFIX}", PREFIX, at_root)).get


class TestPaths:
    @pytest.mark.parametrize(
        ("asked", "seen"),
        [
            ("/id", "/id|/"),
            ("/id/", "/id|/"),
            ("/id/sign-in", "/id|/sign-in"),
            ("/id/id", "/id|/id"),
            ("/%69d/sign-in", "/id|/sign-in"),
            ("/health/live", "/id|/health/live"),
            ("/id/health/ready", "/id|/health/ready"),
            ("/.well-known/thing/id", "/id|/.well-known/thing"),
        ],
    )
    def test_what_follows_the_prefix_is_the_path(self, call, asked, seen):
        assert call(asked).text == seen

    @pytest.mark.parametrize(
        "path", ["/", "/sign-in", "/ids", "/idle/sign-in", "/ID", "/health", "/.well-known/thing", "//id"]
    )
    def test_any_other_path_is_told_where_the_service_is(self, call, path):
        response = call(path)
        assert (response.status_code, response.mimetype) == (404, "text/plain")
        assert f"{HOST}{PREFIX}." in response.text
        assert "hands on the whole path" in response.text

    def test_a_server_that_has_split_the_path_already_is_understood(self, call):
        assert call("/sign-in", base_url=f"{HOST}{PREFIX}").text == "/id|/sign-in"

    def test_head_gets_no_body(self):
        response = Client(PathPrefix(inner, HOST, PREFIX, {})).head("/elsewhere")
        assert (response.status_code, response.data) == (404, b"")


@pytest.fixture
def below(start):
    """Return the application below a path, and a client for its host."""
    app = start(issuer=f"{HOST}{PREFIX}")
    return app, app.test_client()


def addresses_in(response):
    """Return every address that a page leads to or loads, and that of a redirect."""
    found = [response.location] if response.location else []
    if response.mimetype == "text/html" and response.text:
        root = html.document_fromstring(response.text)
        found += root.xpath("//@href | //@src | //@action | //@formaction | //meta[@http-equiv]/@content")
    return [address for address in found if not re.match(r"#|tel:|mailto:", address)]


def strays(response):
    """Return the addresses that leave the prefix, but for those of other hosts."""
    others = re.compile(r"https?://(?!www\.example\.gov/)")
    inside = re.compile(rf"({re.escape(HOST)})?{PREFIX}(/|$|\?)")
    return [a for a in addresses_in(response) if not inside.match(a) and not others.match(a)]


def paths_of(app):
    """Return an address of each rule."""
    filled = {"provider_key": "google", "filename": "css/identity.css"}
    for rule in app.url_map.iter_rules():
        yield (
            rule,
            rule.rule.replace("<path:filename>", filled["filename"]).replace("<provider_key>", "google"),
        )


class TestOfTheService:
    def test_every_page_leads_below_the_path(self, below, from_portal):
        app, client = below
        looked_at = 0
        for rule, path in paths_of(app):
            for query in ("", from_portal, "?lang=es", f"?{urlencode({'token': 'x', 'registration': 'x'})}"):
                url = f"{PREFIX}{re.sub('<[^>]*>', 'unknown', path)}{query}"
                for method in sorted(rule.methods & {"GET", "POST"}):
                    response = client.open(url, method=method, base_url=HOST)
                    assert strays(response) == [], (method, url)
                    looked_at += len(addresses_in(response))
                    response.close()
        assert looked_at > 1000

    def test_forms_lead_on_below_the_path(self, below, monkeypatch):
        app, client = below
        monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", value=False)
        filled = {"email": "a@example.com", "password": "x", "first_name": "A", "last_name": "B", "code": "1"}
        for rule, path in paths_of(app):
            if "POST" in rule.methods:
                url = f"{PREFIX}{re.sub('<[^>]*>', 'unknown', path)}"
                for form in ({}, filled):
                    assert strays(client.post(url, data=form, base_url=HOST)) == [], url

    @pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
    def test_its_cookies_are_of_the_path_and_named_for_it(self, start, secure):
        issuer = f"{'https' if secure else 'http'}://www.example.gov/city/id"
        client = start(issuer=issuer).test_client()
        response = client.get("/city/id/sign-in?lang=es", base_url=issuer.removesuffix("/city/id"))
        names = [cookie.partition("=")[0] for cookie in response.headers.getlist("Set-Cookie")]
        mark = "__Secure-" if secure else ""
        assert sorted(names) == [f"{mark}city-id-language", f"{mark}city-id-page"]
        for cookie in response.headers.getlist("Set-Cookie"):
            assert "; Path=/city/id" in cookie
            assert ("; Secure" in cookie) is secure
            assert "Domain" not in cookie

    def test_two_on_one_host_do_not_share_cookies(self, start):
        outer, inner = (start(issuer=f"{HOST}{path}").test_client() for path in ("", "/id"))
        outer.get("/sign-in?lang=es", base_url=HOST)
        language = outer.get_cookie("__Host-language", domain="www.example.gov")
        assert language.value == "es"
        # A browser that knows both.
        inner.set_cookie(language.key, language.value, domain=language.domain, path=language.path)
        page = inner.get("/id/sign-in", base_url=HOST).text
        assert '<html lang="en">' in page

    def test_a_host_of_its_own_keeps_its_names(self, start):
        response = start(issuer="https://id.example.gov").test_client().get("/sign-in?lang=es")
        names = {cookie.partition("=")[0] for cookie in response.headers.getlist("Set-Cookie")}
        assert names == {"__Host-language", "__Host-page"}

    @pytest.mark.parametrize("path", ["", "/id"])
    def test_the_issuers_own_page_is_the_profile(self, start, path):
        client = start(issuer=f"{HOST}{path}").test_client()
        for asked in {path or "/", f"{path}/"}:
            response = client.get(asked, base_url=HOST)
            assert (response.status_code, response.location) == (303, f"{path}/profile")
        assert client.get(f"{path}/profile", base_url=HOST).location.startswith(f"{path}/sign-in")

    @pytest.mark.parametrize("path", ["", "/id"])
    @pytest.mark.parametrize("asked", ["/.well-known/change-password", "{}/.well-known/change-password"])
    def test_password_managers_find_where_a_password_is_changed(self, start, path, asked):
        client = start(issuer=f"{HOST}{path}").test_client()
        response = client.get(asked.format(path), base_url=HOST)
        assert (response.status_code, response.location) == (303, f"{HOST}{path}/forgot-password")
        assert client.get(f"{path}/forgot-password", base_url=HOST).status_code == 200
        # A manager tells by it whether the host answers 200 for whatever it is asked.
        never = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
        assert client.get(never, base_url=HOST).status_code == 404

    def test_a_cities_looks_are_below_the_path(self, below, from_portal):
        _, client = below
        page = html.document_fromstring(client.get(f"{PREFIX}/sign-in{from_portal}", base_url=HOST).text)
        looks = [a for a in page.xpath("//@href | //@src") if "/cities/" in a]
        assert len(looks) == 2
        for address in looks:
            assert client.get(address, base_url=HOST).status_code == 200
