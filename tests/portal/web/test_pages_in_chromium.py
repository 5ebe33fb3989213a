"""The pages in a real browser: accessible, usable at 320 px, by keyboard and without scripts."""

import re
import threading
from collections.abc import Iterator
from datetime import timedelta

import grpc
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from portal.app import create_app
from portal.config import Settings
from werkzeug.serving import make_server

pytestmark = pytest.mark.browser
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}


@pytest.fixture
def site(settings: Settings, clock) -> Iterator[str]:
    """Return the address of a portal that listens on loopback."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    app = create_app(settings.model_copy(update={"base_url": address}), clock=clock)
    server.app = app
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()
    for close in app.extensions["portal.close"]:
        close()


def enter(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("main").get_by_role("link", name="Citizen Self Service").click()
    expect(page.get_by_role("heading", name="Welcome to Citizen Self Service")).to_be_visible()


def check(page: Page) -> None:
    """Fail on what axe finds and on anything wider than the window."""
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dictionary of the right shape
        found = [(each["id"], each["nodes"][0]["html"]) for each in Axe().run(page).response["violations"]]
        assert found == [], page.url
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, (page.url, size)


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    page: Page, site: str, identity, billing_link, clock
) -> None:
    page.goto(site)
    check(page)
    page.goto(f"{site}/no-such-page")
    check(page)
    enter(page, site)
    check(page)
    billing_link.link(undo_until=clock.now() + timedelta(days=7))
    identity.city["notice"] = "Offices are closed on Thursday."
    clock.advance(timedelta(minutes=2))
    for path in ("home", "utility-billing", "utility-billing/accounts/link-1"):
        for language in ("en", "es"):
            page.goto(f"{site}/{path}?ui_locales={language}")
            check(page)
    page.goto(f"{site}/utility-billing/accounts/link-1/forget?ui_locales=en")
    check(page)
    billing_link.refusal = (grpc.StatusCode.UNAVAILABLE, "", {})
    for path in ("home", "utility-billing", "utility-billing/accounts/link-1"):
        page.goto(f"{site}/{path}")
        check(page)


def test_step_10_with_the_keyboard_alone(page: Page, site: str) -> None:
    enter(page, site)
    page.goto(f"{site}/utility-billing")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the main content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Account Number")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert").first).to_be_focused()
    check(page)
    page.get_by_role("link", name="Customer ID").press("Enter")
    expect(page.get_by_label("Customer ID")).to_be_focused()
    page.keyboard.type("12345")
    page.get_by_label("Account Number").focus()
    page.keyboard.type("00-1234567")
    page.get_by_label("Remember these values").press("Space")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Account Number 00-1234567")).to_be_visible()


def test_wrong_numbers_keep_what_was_typed_and_open_the_picture(page: Page, site: str) -> None:
    enter(page, site)
    page.goto(f"{site}/utility-billing")
    page.get_by_label("Account Number").fill("99")
    page.get_by_label("Customer ID").fill("12345")
    page.get_by_role("button", name="Search").click()

    expect(page.get_by_role("alert").first).to_be_focused()
    expect(page.get_by_label("Account Number")).to_have_value("99")
    expect(page.get_by_role("img", name="A sample bill.")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_label("Account Number")).to_have_value("")


def test_everything_works_without_scripts(browser: Browser, site: str, billing_link) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    page = context.new_page()
    enter(page, site)
    page.get_by_role("navigation").get_by_role("link", name="Utility Billing").click()
    page.get_by_label("Account Number").fill("00-1234567")
    page.get_by_label("Customer ID").fill("12345")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Save it on my profile").click()
    expect(page.get_by_text("This account is saved on your profile.")).to_be_visible()
    page.get_by_role("link", name="Forget this account").click()
    page.get_by_role("button", name="Forget this account").click()
    expect(page.get_by_text("The account is no longer saved on your profile.")).to_be_visible()
    context.close()

    assert billing_link.links == {}


def test_signing_out_passes_the_content_security_policy_there_and_back(
    page: Page, site: str, identity
) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    enter(page, site)
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(site) + "/"))
    assert len(identity.asked("/end-session")) == 1
    assert refused == []


def test_a_resident_who_reads_for_long_is_warned_and_can_stay(page: Page, site: str, clock) -> None:
    page.clock.install()
    enter(page, site)
    warning = page.get_by_text("you will be signed out in two minutes")
    expect(warning).to_be_hidden()

    page.clock.fast_forward("28:30")
    expect(warning).to_be_visible()
    check(page)
    clock.advance(timedelta(minutes=28, seconds=30))
    page.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()

    clock.advance(timedelta(minutes=20))
    page.goto(f"{site}/home")
    expect(page.get_by_role("heading", name="Welcome to Citizen Self Service")).to_be_visible()
