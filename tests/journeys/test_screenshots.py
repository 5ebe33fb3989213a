"""The README's screenshots, taken on the real parts: `make screenshots` keeps them, other runs do not."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from deploy.local.sample_city.accounts import registrations

pytestmark = pytest.mark.browser

# An address that no other test registers: each registers once.
RESIDENT = registrations()[-1]
PASSWORD = "a long walk along the bayou"


def test_the_pages_that_the_readme_shows(page: Page, stack, screenshots: Path) -> None:
    page.set_viewport_size({"width": 1000, "height": 900})
    first, last = RESIDENT.account.name.split(" ", 1)

    page.goto(stack.city_website)
    page.screenshot(path=screenshots / "city-website.png")
    page.goto(f"{stack.portal}/sign-in")
    expect(page.get_by_label("Email address")).to_be_visible()
    page.screenshot(path=screenshots / "sign-in.png", full_page=True)

    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Email *").fill(RESIDENT.email)
    page.get_by_label("First name *").fill(first)
    page.get_by_label("Last name *").fill(last)
    page.screenshot(path=screenshots / "sign-up.png", full_page=True)
    page.get_by_label("Password *").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()

    page.goto(stack.wait_for_mail(RESIDENT.email, subject="Verify").link("Verify registration"))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text(RESIDENT.account.account_number).first).to_be_visible()
    page.screenshot(path=screenshots / "portal-home.png", full_page=True)

    assert {file.name for file in screenshots.glob("*.png")} >= {
        "sign-in.png",
        "sign-up.png",
        "portal-home.png",
    }
