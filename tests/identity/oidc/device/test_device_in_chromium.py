"""The pages for devices in a real browser: accessible, usable at 320 px, and without scripts."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from identity_provider import ISSUER, Provider
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

pytestmark = pytest.mark.browser
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}


@pytest.fixture
def site(provider: Provider) -> Iterator[str]:
    """Return the address of a provider that listens on loopback."""
    server = make_server("127.0.0.1", 0, provider.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def started(provider: Provider) -> tuple[Any, dict[str, Any]]:
    client = provider.client(id="kiosk", name="City hall kiosk", grant_types=[DEVICE_CODE])
    asked = {"data": {"scope": "openid profile email"}, "headers": client.basic(), "base_url": ISSUER}
    return client, provider.app.test_client().post("/device_authorization", **asked).json


def sign_in(provider: Provider, page: Page, site: str) -> None:
    secret = provider.begin_session(provider.resident())
    page.context.add_cookies([{"name": "session", "value": secret, "url": site}])


def check(page: Page) -> None:
    """Fail on what axe finds and on anything wider than the window."""
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dictionary of the right shape
        found = [(each["id"], each["nodes"][0]["html"]) for each in Axe().run(page).response["violations"]]
        assert found == [], page.url
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, (page.url, size)


@pytest.mark.parametrize("language", ["en", "es"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    provider: Provider, page: Page, site: str, language: str
) -> None:
    _client, device = started(provider)
    sign_in(provider, page, site)
    page.goto(f"{site}/device?user_code={device['user_code']}&lang={language}")
    check(page)
    page.locator("input[name=user_code]").fill("nonsense")
    page.locator("main button").click()
    expect(page.locator(".usa-error-message")).to_be_visible()
    check(page)
    page.locator("input[name=user_code]").fill(device["user_code"])
    page.keyboard.press("Enter")
    expect(page.get_by_text(device["user_code"])).to_be_visible()
    check(page)
    page.locator("button[value=yes]").click()
    expect(page.locator("button[value=yes]")).to_have_count(0)
    check(page)


def test_it_works_without_scripts(provider: Provider, browser: Browser, site: str) -> None:
    client, device = started(provider)
    context = browser.new_context(locale="en-US", java_script_enabled=False)
    page = context.new_page()
    sign_in(provider, page, site)
    page.goto(f"{site}/device?user_code={device['user_code']}")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Allow this device?")).to_be_visible()
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading", name="The device is connected")).to_be_visible()
    context.close()
    answer = provider.token(client, grant_type=DEVICE_CODE, device_code=device["device_code"])
    assert answer.status_code == 200
