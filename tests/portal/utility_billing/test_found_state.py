"""The page of a found account: what was found is in its address, so that no display is another search."""

from datetime import timedelta

import grpc
import pytest

SEARCH = "/utility-billing"
NUMBERS = {"account_number": "00-1234567", "customer_id": "12345"}


@pytest.fixture
def found(resident, billing_link) -> str:
    """Return the address of an account that was found; nothing that billing_link saw before counts."""
    address = resident.post(SEARCH, **NUMBERS).location
    assert [method for method, *_ in billing_link.seen] == ["ResolveAccount"]
    billing_link.seen.clear()
    return address


def test_neither_the_first_display_nor_a_reload_asks_billing_link(resident, billing_link, found: str) -> None:
    for _ in range(3):
        assert resident.page(found).heading == "Account Number 00-1234567"

    assert billing_link.seen == []


def test_it_shows_while_billing_link_is_away(resident, billing_link, found: str) -> None:
    billing_link.refusal = (grpc.StatusCode.UNAVAILABLE, "REFUSAL_TEMPORARILY_UNAVAILABLE", {})

    assert "$82.17" in resident.page(found).text


def test_another_language_shows_the_same_account(resident, billing_link, found: str) -> None:
    page = resident.page(resident.page(found).link("Español"))

    assert page.language == "es"
    assert page.heading == "Número de cuenta 00-1234567"
    assert billing_link.seen == []


def test_after_ten_minutes_the_numbers_are_there_to_search_again(
    resident, billing_link, found: str, clock
) -> None:
    clock.advance(timedelta(minutes=10, seconds=1))

    page = resident.page(found)

    assert "Your numbers are still here. Please click Search again." in page.text
    assert page.form(SEARCH).fields.items() >= NUMBERS.items()
    assert [method for method, *_ in billing_link.seen] == ["ListLinkedAccounts"]


def test_after_an_hour_the_form_is_empty(resident, found: str, clock) -> None:
    for _ in range(3):
        clock.advance(timedelta(minutes=20, seconds=1))
        assert resident.is_signed_in

    assert resident.page(found).form(SEARCH).fields["account_number"] == ""


def test_nothing_of_it_can_be_read_in_the_address_which_is_short(found: str, billing_link) -> None:
    assert "1234567" not in found
    assert len(found) < 1000


def test_it_is_for_the_session_that_searched(new_visitor, found: str) -> None:
    stranger = new_visitor()
    stranger.sign_in()

    page = stranger.page(found)

    assert "7040 78th Ave N" not in page.text
    assert page.form(SEARCH).fields["account_number"] == ""


def test_an_altered_address_shows_the_empty_form(resident, found: str) -> None:
    altered = found[:-8] + "AAAAAAA="

    assert resident.page(altered).form(SEARCH).fields["account_number"] == ""
