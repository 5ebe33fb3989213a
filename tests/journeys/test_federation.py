"""The guide's four buttons in a browser: first sign-in, return, wrong method, and the guide after it."""

import json
import re
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from deploy.local.sample_city.accounts import PAST_DUE, registrations

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
WELCOME = "Welcome to Citizen Self Service"


def behave(stack, provider: str, **values: object) -> None:
    """Let a simulated provider behave, but for these values."""
    body = json.dumps({"provider": provider, "reset": True, **values}).encode()
    request = urllib.request.Request(  # noqa: S310 - the simulated providers of this test
        f"{stack.providers}/behaviour", body, {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - as above


@pytest.fixture(autouse=True)
def well_behaved(stack) -> None:
    for provider in ("google", "apple", "microsoft", "facebook"):
        behave(stack, provider)


def check(page: Page) -> None:
    """Fail on what axe finds and on anything wider than the window, wide and narrow."""
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dictionary of the right shape
        found = [(each["id"], each["nodes"][0]["html"]) for each in Axe().run(page).response["violations"]]
        assert found == [], page.url
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, (page.url, size)


def go_to_sign_in(page: Page, stack) -> None:
    page.goto(stack.portal)
    page.get_by_role("main").get_by_role("link", name="Citizen Self Service").click()
    expect(page.get_by_role("heading", name="Sign in to community access services.")).to_be_visible()


def choose(page: Page, stack, provider: str, person: str) -> None:
    """Press a provider's button and choose a person there."""
    page.get_by_role("button", name=f"Sign in with {provider}").click()
    expect(page).to_have_url(re.compile(re.escape(stack.providers)))
    expect(page.get_by_text(f"Simulated {provider} – for local development")).to_be_visible()  # noqa: RUF001 - a dash
    page.get_by_role("button", name=person).click()


def arrive(page: Page, stack) -> None:
    expect(page.get_by_role("heading", name=WELCOME)).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(stack.portal)))


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def verify_by_mail(page: Page, stack, email: str) -> None:
    expect(page.get_by_role("heading", name="Verification email sent")).to_be_visible()
    check(page)
    page.get_by_label("Code from the email").fill(stack.wait_for_mail(email, subject="Verify").code())
    page.get_by_role("button", name="Verify registration").click()


def test_the_sign_in_page(page: Page, stack) -> None:
    go_to_sign_in(page, stack)
    buttons = page.get_by_role("main").get_by_role("button").all_inner_texts()
    assert buttons[:4] == [
        "Sign in with Google",
        "Sign in with Apple",
        "Sign in with Microsoft",
        "Sign in with Facebook",
    ]
    expect(page.get_by_text("OR", exact=True)).to_be_visible()
    expect(page.get_by_text("you must always sign in using that option in the future")).to_be_visible()
    check(page)


@pytest.mark.parametrize(
    ("provider", "person", "email"),
    [
        ("Google", "Grace Morales", ""),
        ("Apple", "Samuel Ortiz", ""),
        ("Microsoft", "Patricia Hall", ""),
        ("Facebook", "Felix Brown", "felix@example.net"),
    ],
)
def test_first_sign_in_and_return(page: Page, stack, provider: str, person: str, email: str) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    go_to_sign_in(page, stack)
    choose(page, stack, provider, person)
    if email:
        verify_by_mail(page, stack, email)
    arrive(page, stack)

    page.goto(f"{stack.identity}/profile")
    expect(page.get_by_text(f"Your password is managed by {provider}")).to_be_visible()
    check(page)

    page.goto(f"{stack.portal}/home")
    sign_out(page)
    go_to_sign_in(page, stack)
    expect(page.get_by_role("button", name=f"Sign in with {provider}")).to_have_accessible_description(
        "Used last on this device"
    )
    check(page)
    choose(page, stack, provider, person)
    arrive(page, stack)
    assert [text for text in refused if "Content Security Policy" in text] == []


def test_wrong_method(page: Page, stack) -> None:
    go_to_sign_in(page, stack)
    choose(page, stack, "Google", "Walter Reyes")
    arrive(page, stack)
    sign_out(page)

    behave(
        stack,
        "microsoft",
        claims={"oid": "00000000-0000-0000-66f3-3332eca7ea99", "email": "walter@example.com"},
    )
    go_to_sign_in(page, stack)
    choose(page, stack, "Microsoft", "Patricia Hall")
    expect(page.get_by_role("heading", name="You already have a Community Access ID")).to_be_visible()
    expect(page.get_by_text("you always sign in with Google")).to_be_visible()
    check(page)
    choose(page, stack, "Google", "Walter Reyes")
    arrive(page, stack)
    sign_out(page)

    # And with a password: the page says what it always says, the mail says the rest.
    go_to_sign_in(page, stack)
    page.get_by_label("Email address").fill("walter@example.com")
    page.get_by_label("Password", exact=True).fill("not a password of theirs")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("Unable to sign in")).to_be_visible()
    assert "Google" in str(stack.wait_for_mail("walter@example.com", subject="How you sign in")["text"])


def test_an_earlier_registration_is_listed_by_itself(page: Page, stack) -> None:
    earlier = registrations()[5]
    first, last = earlier.account.name.split(" ", 1)
    claims = {"sub": "auto-linked", "email": earlier.email, "given_name": first, "family_name": last}
    behave(stack, "google", claims=claims)
    go_to_sign_in(page, stack)
    choose(page, stack, "Google", "Grace Morales")
    arrive(page, stack)
    expect(page.get_by_text(earlier.account.account_number).first).to_be_visible()
    stack.wait_for_mail(earlier.email, subject="utility account")


def test_an_unproved_address_lists_nothing_before_it_is_verified(page: Page, stack) -> None:
    earlier = registrations()[6]
    behave(stack, "facebook", person={"id": "10158000000000099", "email": earlier.email})
    go_to_sign_in(page, stack)
    choose(page, stack, "Facebook", "Felix Brown")
    verify_by_mail(page, stack, earlier.email)
    arrive(page, stack)
    expect(page.get_by_text(earlier.account.account_number).first).to_be_visible()


def test_a_relay_address_searches_by_both_numbers(page: Page, stack) -> None:
    go_to_sign_in(page, stack)
    choose(page, stack, "Apple", "Rosa Delgado")
    arrive(page, stack)
    page.get_by_role("navigation").get_by_role("link", name="Utility Billing", exact=True).first.click()
    page.get_by_label("Account Number").fill(PAST_DUE.account_number)
    page.get_by_label("Customer ID").fill(PAST_DUE.customer_id)
    page.get_by_label("Remember these values").check(force=True)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text(PAST_DUE.service_address).first).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Home", exact=True).first.click()
    expect(page.get_by_text(PAST_DUE.account_number).first).to_be_visible()


def test_what_is_missing_is_asked_for(page: Page, stack) -> None:
    email = "hannah@example.org"
    go_to_sign_in(page, stack)
    choose(page, stack, "Facebook", "Hannah Cole")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    check(page)
    page.get_by_label("Email *").fill("")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_be_focused()
    check(page)
    page.get_by_label("Email *").fill(email)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Verification email sent")).to_be_visible()
    page.goto(stack.wait_for_mail(email, subject="Verify").link("Verify registration"))
    arrive(page, stack)


def test_the_mail_opened_on_another_device(page: Page, browser: Browser, stack) -> None:
    behave(stack, "facebook", person={"id": "10158000000000077", "email": "phone@example.net"})
    go_to_sign_in(page, stack)
    choose(page, stack, "Facebook", "Felix Brown")
    mail = stack.wait_for_mail("phone@example.net", subject="Verify")
    phone = browser.new_context(locale="en-US").new_page()
    phone.goto(mail.link("Verify registration"))
    expect(phone.get_by_text("in another browser or on another device")).to_be_visible()
    check(phone)
    choose(phone, stack, "Facebook", "Felix Brown")
    # Back at the start of the website, which is signed in at once.
    expect(phone.get_by_role("heading", name=WELCOME)).to_be_visible()
    phone.context.close()


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_entry(page: Page, stack, language: str) -> None:
    page.goto(f"{stack.identity}/sign-in?lang={language}")
    check(page)
    for why in ("denied", "not_ours", "unavailable", "disabled_there", "disabled_here"):
        page.goto(f"{stack.identity}/sign-in/google/not-signed-in?why={why}&lang={language}")
        check(page)


def test_consent_denied_and_a_provider_that_is_down(page: Page, stack) -> None:
    go_to_sign_in(page, stack)
    choose(page, stack, "Google", "Cancel")
    expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    check(page)
    behave(stack, "google", faults={"token": "error"})
    choose(page, stack, "Google", "Grace Morales")
    expect(page.get_by_role("heading", name="Google cannot be reached")).to_be_visible()
    page.get_by_role("link", name="Continue to Citizen Self Service").click()
    expect(page.get_by_role("heading", name="Sign in to community access services.")).to_be_visible()


def test_everything_works_without_scripts(browser: Browser, stack) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    page = context.new_page()
    behave(stack, "google", claims={"sub": "without-scripts", "email": "without.scripts@example.com"})
    go_to_sign_in(page, stack)
    choose(page, stack, "Google", "Grace Morales")
    arrive(page, stack)
    context.close()
