"""The screenshots of docs/federation.md, taken on the real parts: `make screenshots` keeps them."""

import json
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1000, "height": 900}, {"width": 320, "height": 700}


def behave(stack, provider: str, **values: object) -> None:
    body = json.dumps({"provider": provider, "reset": True, **values}).encode()
    request = urllib.request.Request(  # noqa: S310 - the simulated providers of this test
        f"{stack.providers}/behaviour", body, {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - as above


def test_the_pages_that_the_federation_document_shows(page: Page, stack, screenshots: Path) -> None:
    def shoot(name: str) -> None:
        page.screenshot(path=screenshots / f"federation-{name}.png", full_page=True)

    def choose(provider: str, person: str) -> None:
        page.get_by_role("button", name=f"Sign in with {provider}").click()
        page.get_by_role("button", name=person).click()

    page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # a plain dictionary of the right shape
    behave(stack, "google", claims={"sub": "screenshots", "email": "shots@example.com"})
    behave(stack, "facebook", person={"id": "10158000000000123", "email": None})
    page.goto(f"{stack.portal}/sign-in")
    expect(page.get_by_label("Email address")).to_be_visible()
    shoot("sign-in")
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]  # as above
    shoot("sign-in-320")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # as above

    choose("Facebook", "Hannah Cole")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    shoot("complete")
    page.get_by_label("Email *").fill("shots.hannah@example.org")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Verification email sent")).to_be_visible()
    shoot("check-email")

    page.goto(f"{stack.portal}/sign-in")
    choose("Google", "Grace Morales")
    expect(page.get_by_role("heading", name="Welcome to Citizen Self Service")).to_be_visible()
    behave(stack, "google", claims={"sub": "screenshots", "email": "shots.new@example.com"})
    page.goto(f"{stack.identity}/sign-in?show=form")
    choose("Google", "Grace Morales")
    expect(page.get_by_text("has changed")).to_be_visible()
    shoot("profile")

    page.goto(f"{stack.identity}/sign-in?show=form")
    behave(stack, "apple", claims={"sub": "screenshots", "email": "shots@example.com"})
    choose("Apple", "Samuel Ortiz")
    expect(page.get_by_role("heading", name="You already have a Community Access ID")).to_be_visible()
    shoot("other-method")
    behave(stack, "google", faults={"token": "error"})
    choose("Google", "Grace Morales")
    expect(page.get_by_role("heading", name="Google cannot be reached")).to_be_visible()
    shoot("unavailable")
    for provider in ("google", "apple", "facebook"):
        behave(stack, provider)
