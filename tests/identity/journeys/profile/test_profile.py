"""The profile page and the devices that are signed in."""

import pytest
from identity.residents.passwords.store import Passwords
from identity.residents.sessions.models import Session

PHONE = "198.51.100.20"


@pytest.fixture
def phone(make_browser, resident):
    """Return another browser of Jane's, signed in."""
    person = make_browser(PHONE)
    person.sign_in("jane@example.com")
    return person


def test_it_shows_name_address_and_method(browser, resident):
    page = browser.sign_in("jane@example.com")
    for words in ("Jane Doe", "jane@example.com", "Email address and password", "Firefox on Windows"):
        assert words in page.main


def test_it_wants_a_sign_in_and_comes_back(browser, resident, at):
    assert browser.open(at("/profile")).title == "Sign in to community access services."
    page = browser.press("Sign in", email="jane@example.com", password="seven herons over the pond")
    assert page.hops == ["/profile"]


def test_it_leads_back_to_the_website(browser, resident, at):
    browser.sign_in("jane@example.com", url=at("/sign-in"))
    assert (
        browser.open("/profile").link("Continue to Citizen Self Service") == "http://127.0.0.1:8080/sign-in"
    )


def test_a_device_can_be_signed_out(browser, resident, phone):
    browser.sign_in("jane@example.com")
    assert PHONE in browser.open("/profile").main
    page = browser.press("Sign out : Firefox on Windows")
    assert "The device is signed out." in page.main
    assert PHONE not in page.main
    assert phone.open("/profile").title != "Your profile"
    assert browser.open("/profile").title == "Your profile"


def test_every_other_device_can_be_signed_out(browser, resident, phone):
    browser.sign_in("jane@example.com")
    browser.open("/profile")
    page = browser.press("Sign out everywhere else")
    assert "You are signed out everywhere else." in page.main
    assert phone.open("/profile").title != "Your profile"
    assert browser.open("/profile").title == "Your profile"


def test_a_resident_cannot_end_the_session_of_another(
    browser, make_browser, resident, add_resident, storage, hasher, now, phone
):
    """Also not with its identifier, which is in every token (ASVS 8.2.2)."""
    other = add_resident("other@example.com")
    with storage.transaction() as tx:
        Passwords(tx).set_password(other.id, hasher.hash("four tall palms in the wind"), now)
        sid = tx.query(Session).filter_by(resident_id=resident).one().id
    browser.sign_in("other@example.com", "four tall palms in the wind")
    token = browser.open("/sign-out").form("Sign out")[1]["csrf_token"]
    browser.post(f"/profile/sessions/{sid}/end", {"csrf_token": token})
    assert phone.open("/profile").title == "Your profile"


@pytest.mark.parametrize("path", ["/profile/sessions/x/end", "/profile/sessions/end-others"])
def test_a_form_without_its_token_ends_no_session(browser, resident, phone, path):
    browser.sign_in("jane@example.com")
    browser.post(path, {})
    assert phone.open("/profile").title == "Your profile"


def test_the_session_of_a_disabled_resident_is_over(browser, resident, disable):
    browser.sign_in("jane@example.com")
    disable(resident)
    assert browser.open("/profile").title != "Your profile"


def test_times_are_those_of_the_city(browser, resident, at):
    browser.sign_in("jane@example.com")
    assert "Last used Nov 23, 2026, 3:00:00" in browser.open("/profile").main
    assert "UTC" in browser.page.main
    assert "Last used Nov 23, 2026, 10:00:00" in browser.open(at("/profile")).main
    assert "EST" in browser.page.main
