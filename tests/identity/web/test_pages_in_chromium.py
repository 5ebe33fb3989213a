"""The pages in a real browser: accessible, at 320 px, by keyboard, without scripts, under their own policy.

On SQLite only: what a browser makes of a page does not depend on the database.
"""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from identity.app import create_app
from identity.config import Settings
from identity.migrations import upgrade
from identity.outbox.models import OutboxMessage
from identity.relying_parties.clients import RegisteredCity, RegisteredClient
from identity.relying_parties.store import Cities, Clients
from identity.secret_keys import SecretKeys
from identity.storage import Storage
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

pytestmark = pytest.mark.browser
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
PASSWORD = "seven herons over the pond"
EMAIL = "nia@example.com"


@dataclass(frozen=True)
class Site:
    address: str
    storage: Storage
    secret_keys: SecretKeys
    callback: str

    def link(self, template: str) -> str:
        """Return the link of the last mail of this kind."""
        with self.storage.autocommit() as connection:
            order = select(OutboxMessage.payload).order_by(OutboxMessage.created_at)
            mails = [json.loads(self.secret_keys.decrypt(p)) for p in connection.execute(order).scalars()]
        return next(mail["facts"]["link"] for mail in reversed(mails) if mail["template"] == template)

    def authorize(self) -> str:
        query = {
            "client_id": "citizen-self-service",
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": self.callback,
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        }
        return f"{self.address}/authorize?{urlencode(query)}"


@pytest.fixture
def site(tmp_path: Path, city: RegisteredCity, portal: RegisteredClient, clock) -> Iterator[Site]:
    """Return a service that listens on loopback."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    address = f"http://localhost:{server.server_port}"
    database_url = f"sqlite:///{tmp_path / 'identity.db'}"
    upgrade(database_url)
    key = "a key of thirty-two characters or more"
    settings = Settings(issuer=address, database_url=database_url, secret_keys=[key])
    app = server.app = create_app(settings, clock=clock, hashing="cheap")
    storage: Storage = app.extensions["identity"]
    with app.app_context(), storage.transaction() as tx:
        Cities(tx).put_city(city)
        Clients(tx).put_client(portal, clock.now())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Site(
        address,
        storage,
        SecretKeys(settings.secret_keys.get_secret_value()),
        next(iter(portal.redirect_uris)),
    )
    server.shutdown()
    thread.join()
    server.server_close()
    storage.dispose()


@pytest.fixture
def callback() -> Iterator[str]:
    """Return where the client waits for its code."""
    server = make_server("127.0.0.1", 0, Response("arrived"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def portal(callback: str) -> RegisteredClient:
    return RegisteredClient(
        id="citizen-self-service",
        city_id="pinellas-park",
        name="Citizen Self Service",
        token_endpoint_auth_method="none",
        grant_types=frozenset({"authorization_code"}),
        redirect_uris=frozenset({callback}),
        post_logout_redirect_uris=frozenset(),
        initiate_login_uri=callback,
        scopes=frozenset({"openid"}),
        resources=frozenset(),
        pkce_required=True,
        first_party=True,
        secrets=(),
        id_token_signed_response_alg="ES256",
    )


@pytest.fixture
def tidy(page: Page) -> Iterator[Page]:
    """Return a page that must not break its own policy."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert [text for text in complaints if "the server responded with a status of 4" not in text] == []


@pytest.fixture
def check(tidy: Page) -> Callable[[], None]:
    """Return a function that fails on what axe finds and on anything wider than the window."""

    def check_page() -> None:
        for size in (WIDE, NARROW):
            tidy.set_viewport_size(size)  # type: ignore[arg-type] # a plain dictionary of the right shape
            found = [
                (each["id"], each["nodes"][0]["html"]) for each in Axe().run(tidy).response["violations"]
            ]
            assert found == [], tidy.url
            wide = tidy.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide == 0, (tidy.url, size)

    return check_page


def submit(page: Page) -> None:
    with page.expect_navigation():
        page.locator("main form").first.locator("button[type=submit]").click()


def fill_in_sign_up(page: Page) -> None:
    for field, value in (
        ("email", EMAIL),
        ("password", PASSWORD),
        ("first_name", "Nia"),
        ("last_name", "Lopez"),
    ):
        page.fill(f"#{field}", value)
    submit(page)


def sign_up(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/sign-up")
    fill_in_sign_up(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Verification email sent")


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(tidy: Page, site: Site, check) -> None:
    tidy.goto(site.authorize())
    check()
    submit(tidy)
    check()
    tidy.goto(f"{site.address}/sign-in?lang=es")
    check()
    tidy.goto(f"{site.address}/sign-up?lang=en")
    submit(tidy)
    check()
    fill_in_sign_up(tidy)
    check()
    tidy.goto(site.link("verify_registration"))
    tidy.wait_for_url("**/sign-in?*")
    check()
    tidy.goto(f"{site.address}/verify-registration?token=made-up")
    check()
    for path, mail in (("forgot-password", "reset_password"), ("unlock-account", None)):
        tidy.goto(f"{site.address}/{path}")
        tidy.fill("#email", EMAIL)
        submit(tidy)
        check()
        if mail:
            tidy.goto(site.link(mail))
            check()
    for path in ("help", "nowhere", "unlock?token=made-up", "reset-password?token=made-up"):
        tidy.goto(f"{site.address}/{path}")
        check()
    tidy.goto(f"{site.address}/profile")
    tidy.fill("#password", PASSWORD)
    submit(tidy)
    check()
    tidy.goto(f"{site.address}/sign-out")
    check()


def test_the_click_in_the_mail_is_the_one_click_in_the_browser_that_asked(tidy: Page, site: Site) -> None:
    sign_up(tidy, site)
    tidy.goto(site.link("verify_registration"))
    expect(tidy.get_by_text("Your email address is verified. Sign in to continue.")).to_be_visible()
    expect(tidy.get_by_label("Email address")).to_have_value(EMAIL)
    tidy.go_back()
    expect(tidy.get_by_role("heading", level=1)).not_to_have_text("Page not found")


def test_no_script_presses_the_button_in_any_other_browser(tidy: Page, browser: Browser, site: Site) -> None:
    sign_up(tidy, site)
    scanner = browser.new_context()
    elsewhere = scanner.new_page()
    elsewhere.goto(site.link("verify_registration"))
    elsewhere.wait_for_timeout(500)
    expect(elsewhere.get_by_label("Password", exact=True)).to_be_visible()
    scanner.close()
    tidy.goto(site.link("verify_registration"))
    expect(tidy.get_by_text("Your email address is verified.")).to_be_visible()


def test_signing_in_ends_at_the_clients_own_address(tidy: Page, site: Site) -> None:
    """Chromium would stop the redirect if `form-action` did not name the client's origin."""
    sign_up(tidy, site)
    tidy.goto(site.link("verify_registration"))
    tidy.wait_for_url("**/sign-in?*")
    tidy.goto(site.authorize())
    tidy.fill("#email", EMAIL)
    tidy.fill("#password", PASSWORD)
    submit(tidy)
    expect(tidy.get_by_text("arrived")).to_be_visible()
    assert tidy.url.startswith(f"{site.callback}?code=")


def test_errors_take_the_focus_and_lead_to_their_fields(tidy: Page, site: Site) -> None:
    tidy.goto(f"{site.address}/sign-in")
    submit(tidy)
    expect(tidy.get_by_role("alert")).to_be_focused()
    tidy.keyboard.press("Tab")
    tidy.keyboard.press("Enter")
    expect(tidy.get_by_label("Email address")).to_be_focused()


def test_the_keyboard_alone_signs_somebody_in(tidy: Page, site: Site) -> None:
    sign_up(tidy, site)
    tidy.goto(site.link("verify_registration"))
    tidy.wait_for_url("**/sign-in?*")
    tidy.goto(f"{site.address}/sign-in?show=empty")
    tidy.keyboard.press("Tab")
    expect(tidy.get_by_role("link", name="Skip to main content")).to_be_focused()
    tidy.keyboard.press("Enter")
    tidy.keyboard.press("Tab")
    tidy.keyboard.type(EMAIL)
    tidy.keyboard.press("Tab")
    tidy.keyboard.type(PASSWORD)
    tidy.keyboard.press("Enter")
    expect(tidy.get_by_role("heading", level=1)).to_have_text("Your profile")


def test_the_password_can_be_shown(tidy: Page, site: Site) -> None:
    tidy.goto(f"{site.address}/sign-up")
    password = tidy.get_by_label("Password *")
    expect(password).to_have_attribute("type", "password")
    tidy.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "text")


def test_everything_works_without_scripts(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-US", viewport=NARROW)  # type: ignore[arg-type] # as above
    page = context.new_page()
    sign_up(page, site)
    page.goto(f"{site.address}/sign-up")
    expect(page.get_by_role("button", name="Show password")).to_be_hidden()
    page.goto(site.link("verify_registration"))
    page.get_by_label("Link from the email").fill(site.link("verify_registration"))
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Verify registration").click()
    page.get_by_label("Password").fill(PASSWORD)
    submit(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your profile")
    context.close()
