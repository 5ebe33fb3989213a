"""A portal below a path of its host: everything leads below it, and its cookies are its own."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from applications import Applications
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from page import Page
from portal.app import create_app
from portal.clock import FixedClock
from portal.config import Settings

from tests.portal.conftest import Visitor, close

HOST = "https://www.example.gov"


class AtTheHost(FlaskClient):
    """A browser at the portal's host."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return super().open(*args, base_url=HOST, **kwargs)


@pytest.fixture
def start(
    settings: Settings, clock: FixedClock, applications: Applications
) -> Iterator[Callable[..., Flask]]:
    """Return a function that starts a portal at a path."""
    started = []

    def start_at(path: str) -> Flask:
        changed = settings.model_copy(update={"base_url": f"{HOST}{path}"})
        app = applications.lend(
            f"portal {changed.database_url.get_secret_value()} {changed!r}",
            lambda: create_app(changed, clock=clock),
            close,
        )
        app.test_client_class = AtTheHost
        app.config["WTF_CSRF_ENABLED"] = True
        started.append(app)
        return app

    yield start_at
    for app in started:
        close(app)


@pytest.fixture
def app(start: Callable[..., Flask]) -> Flask:
    return start("/city/pay")


def strays(response) -> list[str]:
    """Return the addresses of a page or a redirect that leave the path, but for those of other hosts."""
    found = [response.location] if response.location else []
    if response.mimetype == "text/html" and response.text:
        found += html.document_fromstring(response.text).xpath("//@href | //@src | //@action")
    inside = re.compile(rf"({re.escape(HOST)})?/city/pay(/|$|\?)|#|tel:|https?://(?!www\.example\.gov)")
    return [address for address in found if not inside.match(address)]


def test_a_resident_signs_in_comes_back_and_signs_out_below_the_path(app, identity) -> None:
    visitor = Visitor(app)
    asked = visitor.get("/city/pay/utility-billing?ui_locales=es").location
    assert asked == "/city/pay/sign-in?return_to=/utility-billing?ui_locales%3Des"
    url = visitor.start_sign_in(asked)
    sent = {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
    assert sent["redirect_uri"] == f"{HOST}/city/pay/sign-in/callback"

    back = visitor.get(visitor.callback_of(url))

    assert back.location == "/city/pay/utility-billing?ui_locales=es"
    page = visitor.page(back.location)
    out = visitor.submit(page.form("/city/pay/sign-out"))
    sent = {name: value for name, [value] in parse_qs(urlsplit(out.location).query).items()}
    assert sent["post_logout_redirect_uri"] == f"{HOST}/city/pay/"
    assert visitor.get("/city/pay/home").location.startswith("/city/pay/sign-in?")


def test_every_page_leads_below_the_path(app, billing_link) -> None:
    billing_link.link()
    stranger, resident = Visitor(app), Visitor(app)
    resident.sign_in("/city/pay/sign-in")
    looked_at = 0
    for rule in app.url_map.iter_rules():
        path = "/city/pay" + re.sub("<(link_id|path:filename)>", "link-1", rule.rule)
        for visitor in (stranger, resident):
            for query in ("", "?ui_locales=es", "?return_to=/home"):
                for method in sorted(rule.methods & {"GET", "POST"}):
                    if rule.endpoint != "sign_in.sign_out":
                        assert strays(visitor.client.open(path + query, method=method)) == [], (method, path)
                        looked_at += 1
    assert looked_at > 90
    assert resident.client.get("/city/pay/home").status_code == 200


def test_cookies_are_of_the_path_and_named_for_it(app) -> None:
    visitor = Visitor(app)
    started = visitor.get("/city/pay/sign-in?ui_locales=en")
    back = visitor.get(visitor.callback_of(started.location))
    home = visitor.get(back.location)

    cookies = [text for one in (started, back, home) for text in one.headers.getlist("Set-Cookie")]

    ends = ("portal", "portal-browser", "portal-form", "portal-language")
    assert {text.partition("=")[0] for text in cookies} == {f"__Secure-city-pay-{end}" for end in ends}
    for text in cookies:
        assert {"Path=/city/pay", "Secure", "HttpOnly", "SameSite=Lax"} <= set(text.split("; "))


def test_two_on_one_host_do_not_share_cookies(start) -> None:
    outer, inner = Visitor(start("/city")), Visitor(start("/city/pay"))
    outer.sign_in("/city/sign-in")
    session, browser = (
        outer.client.get_cookie(f"__Secure-city-{name}", domain="www.example.gov", path="/city")
        for name in ("portal", "portal-browser")
    )
    for cookie in (session, browser):  # a browser that knows both
        inner.client.set_cookie(cookie.key, cookie.value, domain=cookie.domain, path=cookie.path)

    assert inner.get("/city/pay/home").status_code == 303
    assert browser.value not in str(inner.get("/city/pay/sign-in").headers)


def test_a_return_path_stays_below_the_path(app) -> None:
    visitor = Visitor(app)
    visitor.sign_in("/city/pay/sign-in")

    for wanted in ("//elsewhere.example", "/\\elsewhere.example", "/../admin", "/.%2E/admin", "/a/.."):
        location = visitor.get("/city/pay/sign-in", query_string={"return_to": wanted}).location
        assert location == "/city/pay/home", wanted
    location = visitor.get("/city/pay/sign-in", query_string={"return_to": "/home?a=/../b"}).location
    assert location == "/city/pay/home?a=/../b"


def test_the_process_answers_its_health_without_the_path(app, clock) -> None:
    # Readiness compares it with the database's.
    clock.advance(datetime.now(UTC) - clock.now())
    client = app.test_client()

    for path in ("/health/live", "/health/ready", "/city/pay/health/live", "/city/pay/health/ready"):
        assert client.get(path).json == {"status": "ok"}


def test_any_other_path_is_told_where_the_portal_is(app) -> None:
    response = app.test_client().get("/sign-in")

    assert (response.status_code, response.mimetype) == (404, "text/plain")
    assert f"{HOST}/city/pay." in response.text


def test_head_does_not_spend_an_attempt(visitor: Visitor) -> None:
    callback = visitor.callback_of(visitor.start_sign_in("/city/pay/sign-in"))

    response = visitor.client.head(callback)

    assert response.status_code == 405
    assert "HEAD" not in response.headers["Allow"]
    assert visitor.get(callback).location == "/city/pay/home"


@pytest.mark.parametrize("link", ["%00", "a%00b", "%0A", "%FF"])
def test_an_odd_path_is_not_found(app, link: str) -> None:
    resident = Visitor(app)
    resident.sign_in("/city/pay/sign-in")

    for path in (f"/city/pay/utility-billing/accounts/{link}", f"/city/pay/{link}"):
        assert Page(resident.get(path)).status == 404
