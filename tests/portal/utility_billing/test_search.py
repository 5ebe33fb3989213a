"""Searching by both numbers (guide, step 10)."""

import pytest
from page import Page
from portal.web.sessions.limits import IDLE

SEARCH = "/utility-billing"
NUMBERS = {"account_number": "00-1234567", "customer_id": "12345"}


@pytest.fixture
def search(resident):
    """Return a function that fills in the form and sends it."""
    return lambda **values: resident.submit(resident.page(SEARCH).form(SEARCH), "Search", **values)


def was_asked_for(billing_link) -> list:
    """Return the requests that billing_link was asked to find an account for."""
    return [request for method, request, _ in billing_link.seen if method == "ResolveAccount"]


def test_the_page_has_the_guides_labels(resident) -> None:
    page = resident.page(SEARCH)

    labels = [label.text_content() for label in page.all("//label")]
    assert labels == ["Account Number", "Customer ID", "Remember these values"]
    assert page.form(SEARCH).buttons == ["Search", "Reset"]
    assert page.only("//main//img").get("alt").startswith("A sample bill.")


def test_an_account_that_is_found_is_shown_in_full(resident, search) -> None:
    page = resident.follow(search(**NUMBERS))

    assert page.heading == "Account Number 00-1234567"
    for text in (
        "7040 78th Ave N",
        "Active",
        "$82.17",
        "December 1, 2026",
        "$79.50 on November 2, 2026",
        "Water",
        "Reclaimed water",
        "B-14",
        "$41.00",
        "This account is not saved on your profile.",
    ):
        assert text in page.text


def test_what_was_found_can_be_saved_afterwards(resident, search) -> None:
    found = resident.follow(search(**NUMBERS))

    saved = resident.submit(found.form(SEARCH), "Save it on my profile")

    assert saved.location == "/utility-billing/accounts/link-1"
    assert "This account is saved on your profile." in resident.follow(saved).text


def test_remembering_is_the_residents_choice(resident, billing_link, search) -> None:
    search(**NUMBERS)
    assert [request.remember for request in was_asked_for(billing_link)] == [False]

    search(**NUMBERS, remember="yes")
    assert resident.page("/home").links("Account Number 00-1234567")


@pytest.mark.parametrize(
    "typed",
    ["00 1234567", "00\u20131234567", "00\u20141234567", "00\u20111234567", "\u00a000-1234567 ", "1234567"],
)
def test_spaces_and_dashes_of_any_kind_go_through_as_typed(resident, billing_link, typed: str) -> None:
    resident.post(SEARCH, account_number=typed, customer_id="12345")

    [asked] = was_asked_for(billing_link)
    assert asked.account_number == typed.strip()


@pytest.mark.parametrize("blank", ["", "   ", "\u00a0"])
def test_an_empty_field_is_named_and_the_other_keeps_what_was_typed(search, billing_link, blank: str) -> None:
    page = Page(search(account_number="00-1234567", customer_id=blank, remember="yes"))

    assert page.status == 422
    assert page.errors[0] == (
        "We found some errors. Please review the form and make corrections."
        " Customer ID: This field cannot be left blank"
    )
    assert page.errors[1:] == ["This field cannot be left blank"]
    assert page.link("Customer ID") == "#customer_id"
    assert page.form(SEARCH).fields["account_number"] == "00-1234567"
    assert page.form(SEARCH).fields["remember"] == "yes"
    assert was_asked_for(billing_link) == []


def test_the_first_error_is_focused_and_tied_to_its_field(search) -> None:
    page = Page(search())
    alert = page.only("//main//*[@role='alert']")
    field = page.form(SEARCH).control("account_number")

    assert "autofocus" in alert.attrib
    assert alert.get("tabindex") == "-1"
    assert field["aria-describedby"] == "account_number-hint account_number-error"
    assert field["aria-invalid"] == "true"
    assert page.only("//*[@id='account_number-error']").text == "This field cannot be left blank"
    assert page.title.startswith("Error: Utility Billing")


def test_an_over_long_number_is_told_and_kept(search, billing_link) -> None:
    page = Page(search(account_number="1" * 65, customer_id="12345"))

    assert page.status == 422
    assert "longer than any number on a bill" in page.errors[0]
    assert page.form(SEARCH).fields["account_number"] == "1" * 65
    assert was_asked_for(billing_link) == []


def test_a_huge_form_is_refused(resident) -> None:
    assert resident.post(SEARCH, account_number="1" * 100_000).status_code == 413


@pytest.mark.parametrize("typed", [("00-1234567", "99999"), ("99", "12345"), ("99", "99")])
def test_whichever_number_is_wrong_the_answer_is_the_same(search, typed) -> None:
    page = Page(search(account_number=typed[0], customer_id=typed[1]))
    [error] = page.errors
    form = page.form(SEARCH)

    assert page.status == 422
    assert error.startswith("We could not find an account with these two numbers")
    assert error.endswith("please call 727-369-0690.")
    assert "open" in page.only("//main//details").attrib
    assert (form.fields["account_number"], form.fields["customer_id"]) == typed
    assert not any("aria-invalid" in form.control(name) for name in NUMBERS)


def test_reset_empties_the_form(resident) -> None:
    form = resident.page(SEARCH).form(SEARCH)

    response = resident.submit(form, "Reset", account_number="99", customer_id="99")

    assert response.location == SEARCH
    assert resident.follow(response).form(SEARCH).fields["account_number"] == ""


def test_an_expired_session_keeps_what_was_typed(resident, clock) -> None:
    form = resident.page(SEARCH).form(SEARCH)
    clock.advance(IDLE)
    sign_in = resident.submit(form, "Search", **NUMBERS, remember="yes")
    back = resident.sign_in(resident.get(sign_in.location).location)

    page = resident.follow(back)

    assert "Your numbers are still here." in page.text
    assert page.form(SEARCH).fields == NUMBERS | {"remember": "yes"} | {
        "csrf_token": page.form(SEARCH).fields["csrf_token"]
    }
    assert "1234567" not in back.location
