"""Security headers and cookies."""

import pytest
from portal.app import create_app
from portal.config import Settings

EVERYWHERE = ["/", "/sign-in/callback", "/no-such-page", "/health/live", "/city.css"]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_the_security_headers_are_on_every_answer(visitor, identity, path: str) -> None:
    headers = visitor.get(path).headers

    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == f"'self' {identity.issuer}"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_no_page_is_kept_by_caches(resident) -> None:
    for path in ("/", "/home", "/utility-billing", "/no-such-page"):
        assert resident.get(path).headers["Cache-Control"] == "no-store"


def test_no_page_has_script_or_style_of_its_own(resident, billing_link) -> None:
    billing_link.link()
    for path in ("/", "/home", "/utility-billing", "/utility-billing/accounts/link-1"):
        page = resident.page(path)
        assert page.all("//style | //script[not(@src)] | //script[normalize-space()]") == []
        assert page.all("//@style | //@*[starts-with(name(), 'on')]") == []


def test_the_logo_can_do_nothing_when_opened_by_itself(visitor) -> None:
    assert "sandbox" in visitor.get("/city-logo.svg").headers["Content-Security-Policy"]


def test_on_https_cookies_are_secure_with_the_host_prefix_and_https_is_remembered(
    settings: Settings, clock, identity
) -> None:
    app = create_app(settings.model_copy(update={"base_url": "https://pay.example.gov"}), clock=clock)
    response = app.test_client().get("/sign-in?ui_locales=es", base_url="https://pay.example.gov")
    for close in app.extensions["portal.close"]:
        close()

    cookies = response.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    assert all(cookie.startswith("__Host-portal") for cookie in cookies)
    assert all("Secure" in cookie and "Domain" not in cookie for cookie in cookies)
    assert response.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
