"""Searching by both numbers (guide, step 10)."""

import html

import grpc
import pytest
from portal.web.sessions.limits import IDLE

NUMBERS = {"account_number": "00-1234567", "customer_id": "12345"}


def words(response) -> str:
    return html.unescape(response.text)


def test_the_page_has_the_guides_labels(resident) -> None:
    page = words(resident.get("/utility-billing"))

    for label in ("Account Number", "Customer ID", "Remember these values", "Search", "Reset"):
        assert f">{label}<" in page
    assert "A sample bill." in page


def test_an_account_that_is_found_is_shown_in_full(resident) -> None:
    page = words(resident.follow(resident.post("/utility-billing", **NUMBERS)))

    for text in (
        "00-1234567",
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
        assert text in page


def test_what_was_found_can_be_reloaded_and_saved_afterwards(resident, billing_link) -> None:
    found = resident.post("/utility-billing", **NUMBERS).location
    assert resident.get(found).status_code == resident.get(found).status_code == 200

    saved = resident.post("/utility-billing", **NUMBERS, remember="yes")

    assert saved.location == "/utility-billing/accounts/link-1"
    assert "This account is saved on your profile." in words(resident.follow(saved))


def test_the_numbers_are_not_in_the_address_and_the_address_is_the_residents_own(
    resident, new_visitor
) -> None:
    found = resident.post("/utility-billing", **NUMBERS).location
    stranger = new_visitor()
    stranger.sign_in()

    assert "1234567" not in found
    assert "7040 78th Ave N" not in stranger.get(found).text


def test_remembering_is_the_residents_choice(resident, billing_link) -> None:
    resident.post("/utility-billing", **NUMBERS)
    assert [request.remember for method, request, _ in billing_link.seen if method == "ResolveAccount"] == [
        False
    ]

    resident.post("/utility-billing", **NUMBERS, remember="yes")
    assert "00-1234567" in resident.get("/home").text


@pytest.mark.parametrize(
    "typed",
    ["00 1234567", "00\u20131234567", "00\u20141234567", "00\u20111234567", "\u00a000-1234567 ", "1234567"],
)
def test_spaces_and_dashes_of_any_kind_go_through_as_typed(resident, billing_link, typed: str) -> None:
    resident.post("/utility-billing", account_number=typed, customer_id="12345")

    [asked] = [request for method, request, _ in billing_link.seen if method == "ResolveAccount"]
    assert asked.account_number == typed.strip()


@pytest.mark.parametrize("blank", ["", "   ", "\u00a0"])
def test_an_empty_field_is_named_and_the_other_keeps_what_was_typed(
    resident, billing_link, blank: str
) -> None:
    response = resident.post(
        "/utility-billing", account_number="00-1234567", customer_id=blank, remember="yes"
    )
    page = words(response)

    assert response.status_code == 422
    assert "We found some errors. Please review the form and make corrections." in page
    assert '<a class="usa-link" href="#customer_id">Customer ID</a>: This field cannot be left blank' in page
    assert 'value="00-1234567"' in page
    assert " checked" in page
    assert not any(method == "ResolveAccount" for method, _, _ in billing_link.seen)


def test_the_first_error_is_focused_and_tied_to_its_field(resident) -> None:
    page = words(resident.post("/utility-billing"))

    assert 'role="alert" tabindex="-1" autofocus' in page
    assert 'aria-describedby="account_number-hint account_number-error" aria-invalid="true"' in page
    assert "<title>Error: Utility Billing" in page


def test_an_over_long_number_is_told_and_kept(resident, billing_link) -> None:
    response = resident.post("/utility-billing", account_number="1" * 65, customer_id="12345")

    assert response.status_code == 422
    assert "longer than any number on a bill" in words(response)
    assert f'value="{"1" * 65}"' in response.text
    assert not any(method == "ResolveAccount" for method, _, _ in billing_link.seen)


def test_a_huge_form_is_refused(resident) -> None:
    assert resident.post("/utility-billing", account_number="1" * 100_000).status_code == 413


@pytest.mark.parametrize("typed", [("00-1234567", "99999"), ("99", "12345"), ("99", "99")])
def test_whichever_number_is_wrong_the_answer_is_the_same(resident, typed) -> None:
    response = resident.post("/utility-billing", account_number=typed[0], customer_id=typed[1])
    page = words(response)

    assert response.status_code == 422
    assert "We could not find an account with these two numbers" in page
    assert "please call 727-369-0690" in page
    assert "<details" in page
    assert " open>" in page
    assert f'value="{typed[0]}"' in page
    assert f'value="{typed[1]}"' in page
    assert "aria-invalid" not in page


@pytest.mark.parametrize(
    ("refusal", "status", "text"),
    [
        (
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "REFUSAL_TOO_MANY_ATTEMPTS", {"retry_after": "541"}),
            429,
            "Please try again in 10 minutes.",
        ),
        (
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "REFUSAL_TOO_MANY_ATTEMPTS", {"retry_after": "60"}),
            429,
            "Please try again in 1 minute.",
        ),
        (
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "REFUSAL_TOO_MANY_ATTEMPTS", {}),
            429,
            "Please try again in a while.",
        ),
        (
            (grpc.StatusCode.FAILED_PRECONDITION, "REFUSAL_ALREADY_LINKED", {}),
            422,
            "the city allows only one",
        ),
        (
            (grpc.StatusCode.FAILED_PRECONDITION, "REFUSAL_LINKING_DISABLED", {}),
            422,
            "The city has switched this off.",
        ),
        (
            (grpc.StatusCode.INVALID_ARGUMENT, "REFUSAL_FIELD_INVALID", {"field": "customer_id"}),
            422,
            "Please check this number.",
        ),
        (
            (grpc.StatusCode.UNAVAILABLE, "REFUSAL_TEMPORARILY_UNAVAILABLE", {}),
            503,
            "cannot be shown just now",
        ),
    ],
)
def test_each_refusal_has_its_words_and_keeps_what_was_typed(
    resident, billing_link, refusal, status: int, text: str
) -> None:
    billing_link.refusal = refusal

    response = resident.post("/utility-billing", **NUMBERS, remember="yes")
    page = words(response)

    assert response.status_code == status
    assert text in page
    assert 'value="00-1234567"' in page
    assert "REFUSAL" not in page


def test_too_many_attempts_says_when_in_the_header_too(resident, billing_link) -> None:
    billing_link.refusal = (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "REFUSAL_TOO_MANY_ATTEMPTS",
        {"retry_after": "541"},
    )

    assert resident.post("/utility-billing", **NUMBERS).headers["Retry-After"] == "541"


def test_reset_empties_the_form(resident) -> None:
    response = resident.post("/utility-billing", account_number="99", customer_id="99", action="reset")

    assert response.location == "/utility-billing"
    assert 'value="99"' not in resident.follow(response).text


def test_an_expired_session_keeps_what_was_typed(resident, clock) -> None:
    clock.advance(IDLE)
    kept = resident.follow(resident.post("/utility-billing", **NUMBERS, remember="yes"))

    back = resident.sign_in(kept.location)
    page = words(resident.follow(back))

    assert 'value="00-1234567"' in page
    assert 'value="12345"' in page
    assert " checked" in page
    assert "1234567" not in back.location
