"""What residents type that cannot be right: a clear message tied to its field, and nothing typed is lost."""

import pytest
from identity.continuation import Continuation, Continuations
from identity.journeys.registration.models import PendingRegistration
from identity.outbox.models import OutboxMessage
from identity.secret_keys import SecretKeys

PASSWORD = "seven herons over the pond"
GOOD = {"email": "pat@example.com", "password": PASSWORD, "first_name": "Pat", "last_name": "Lee"}
SUMMARY = "We found some errors. Please review the form and make corrections."
FORMS = [
    ("/sign-in", "Sign in", {"email": "pat@example.com", "password": PASSWORD}),
    ("/sign-up", "Sign up", GOOD),
    ("/forgot-password", "Send Email", {"email": "pat@example.com"}),
    ("/unlock-account", "Send Email", {"email": "pat@example.com"}),
]


def message_of(page, field):
    """Return the message that the field names as its description."""
    control = page.element(field)
    assert control.get("aria-invalid") == "true"
    described = control.get("aria-describedby").split()
    assert f"{field}-error" in described
    for name in described:
        page.element(name)
    return page.element(f"{field}-error").text_content().strip()


def test_an_empty_form_names_every_field(browser, at):
    for path, button, fields in FORMS:
        browser.open(at(path))
        page = browser.press(button, dict.fromkeys(fields, ""))
        assert page.status == 422
        assert SUMMARY in page.main
        for field in fields:
            assert message_of(page, field) == "This field cannot be left blank"


def test_the_summary_takes_the_focus_and_leads_to_the_fields(browser, at):
    for path, button, fields in FORMS:
        browser.open(at(path))
        page = browser.press(button, dict.fromkeys(fields, ""))
        (alert,) = page.root.find_class("usa-alert--error")
        assert (alert.get("role"), alert.get("tabindex")) == ("alert", "-1"), path
        assert page.root.xpath("//*[@autofocus]") == [alert], path
        targets = alert.xpath(".//a/@href")
        for field in fields:
            assert f"#{field}" in targets, path
        assert page.root.findtext(".//title").startswith("Error:"), path


@pytest.mark.parametrize(("path", "button", "fields"), FORMS)
def test_a_malformed_address_is_named_and_kept(browser, at, path, button, fields):
    browser.open(at(path))
    for typed in ("nia", "nia@", "@example.com", "a b@example.com", "nia@example", "nia@@example.com"):
        page = browser.press(button, fields | {"email": typed})
        assert page.status == 422
        assert message_of(page, "email") == "This value is not a valid email address"
        assert page.form(button)[1]["email"] == typed


@pytest.mark.parametrize(("path", "button", "fields"), FORMS)
def test_no_field_takes_what_cannot_be_stored(browser, at, path, button, fields, count):
    browser.open(at(path))
    for typed, words in (
        ("x" * 5000, "This is too long."),
        ("nul\x00@example.com", "character that cannot be used"),
        ("bell\x07@example.com", "character that cannot be used"),
    ):
        for field in fields:
            page = browser.press(button, fields | {field: typed})
            assert page.status == 422
            assert words in message_of(page, field)
    assert count(PendingRegistration) == count(OutboxMessage) == 0


def test_a_missing_field_is_an_empty_one(browser, at):
    for path, button, _ in FORMS:
        browser.open(at(path))
        action, present = browser.page.form(button)
        page = browser.post(action, {"csrf_token": present["csrf_token"]})
        assert page.status == 422
        assert "This field cannot be left blank" in page.main


def test_markup_is_shown_as_typed(browser, at):
    browser.open(at("/sign-up"))
    page = browser.press("Sign up", GOOD | {"email": "", "first_name": '"><script>alert(1)</script>'})
    assert "<script>alert" not in page.source
    assert page.form("Sign up")[1]["first_name"] == '"><script>alert(1)</script>'


def test_a_body_that_is_too_large_is_a_page_too(browser, at):
    browser.open(at("/sign-up"))
    page = browser.press("Sign up", GOOD | {"first_name": "x" * 100_000})
    assert page.status == 413
    assert page.title == "That is too much text"


def test_any_code_is_answered_by_the_same_page(sign_up, browser):
    sign_up()
    for typed in ("", "12345", "1234567", "abcdef", "x" * 200, "12\x0034"):
        page = browser.press("Verify registration", code=typed)
        assert page.status == 422
        assert page.title == "Verification email sent"
        assert message_of(page, "code")


def test_a_tampered_continuation_means_the_resident_came_by_themselves(browser):
    for path in ("/sign-in", "/sign-up", "/help"):
        for signed in ("", "x", "a.b.c", "%00", "e30.AAAA", "%F0%9F%92%A7" * 500):
            page = browser.open(f"{path}?continue={signed}")
            assert page.status == 200
            assert "City of" not in page.text


def test_a_continuation_of_somebody_elses_making_leads_nowhere(browser, resident):
    forged = Continuations(SecretKeys(["another key of thirty-two characters"])).sign(
        Continuation(path="https://evil.example/")
    )
    assert browser.sign_in("jane@example.com", url=f"/sign-in?continue={forged}").hops == ["/profile"]


def test_a_waiting_page_that_never_was_leads_on(sign_up, browser):
    sign_up()
    browser.client.delete_cookie("page")
    for registration in ("", "%00", "x" * 500, "%F0%9F%92%A7"):
        page = browser.open(f"/sign-up/check-email?registration={registration}")
        assert page.status == 400
        assert page.link("Sign in")
        assert browser.open(f"/sign-up?registration={registration}").title == "Create an account"
