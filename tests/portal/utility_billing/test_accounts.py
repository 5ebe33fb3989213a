"""Remembered accounts: shown, and forgotten."""

import grpc
import pytest
from community_access.billing_link.v1 import billing_link_pb2 as pb
from page import Page

ACCOUNT = "/utility-billing/accounts/link-1"
FORGET = f"{ACCOUNT}/forget"


@pytest.fixture
def linked(billing_link):
    billing_link.link()
    return billing_link


def test_the_list_leads_to_each_account_and_to_forgetting_it(resident, linked) -> None:
    page = resident.page("/utility-billing")

    assert page.link("Account Number 00-1234567") == ACCOUNT
    assert page.link("Forget 00-1234567") == FORGET


def test_forgetting_asks_first(resident, linked) -> None:
    page = resident.page(FORGET)

    assert page.heading == "Forget this account?"
    assert page.form(FORGET).buttons == ["Forget this account"]
    assert page.link("Keep it") == ACCOUNT
    assert "link-1" in linked.links


def test_forgetting_forgets_and_says_so(resident, linked) -> None:
    page = resident.follow(resident.submit(resident.page(FORGET).form(FORGET)))

    assert linked.links == {}
    assert "The account is no longer saved on your profile." in page.text


def test_forgetting_twice_is_forgetting_once(resident, linked) -> None:
    resident.post(FORGET)

    assert resident.post(FORGET).status_code == 303


def test_a_link_that_is_not_found_is_forgotten_already(resident, billing_link) -> None:
    billing_link.refusal = (grpc.StatusCode.NOT_FOUND, "REFUSAL_LINK_NOT_FOUND", {})

    assert resident.post(FORGET).location == "/utility-billing"


@pytest.mark.parametrize(
    "path", ["/utility-billing/accounts/other", "/utility-billing/accounts/other/forget"]
)
def test_an_account_that_is_not_the_residents_is_not_found(resident, linked, path: str) -> None:
    page = Page(resident.get(path))

    assert page.status == 404
    assert page.heading == "This account is not on your profile"


def test_a_closed_account_says_when_it_was_closed(resident, billing_link) -> None:
    billing_link.link(status=pb.ACCOUNT_STATUS_CLOSED, closed_on="2026-06-30", due_on=None, balance_cents=0)

    page = resident.page(ACCOUNT)

    assert "Closed on June 30, 2026" in page.text
    assert "You see its final state" in page.text


def test_an_account_without_bills_or_payments_has_no_holes(resident, billing_link) -> None:
    billing_link.link(last_payment=None, recent_bills=None, services=None)

    page = resident.page(ACCOUNT)

    assert "There are no bills yet." in page.text
    assert "None yet" in page.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_billing_that_is_away_is_said_and_forgets_nothing(resident, linked, method: str) -> None:
    linked.refusal = (grpc.StatusCode.UNAVAILABLE, "REFUSAL_TEMPORARILY_UNAVAILABLE", {})

    page = Page(getattr(resident, method)(FORGET))

    assert page.status == 503
    assert page.heading == "Your billing information cannot be shown just now"
    assert "link-1" in linked.links


def test_the_search_form_still_shows_while_the_list_cannot_be_had(resident, linked) -> None:
    linked.refusal = (grpc.StatusCode.UNAVAILABLE, "", {})

    page = resident.page("/utility-billing")

    assert page.form("/utility-billing").fields["account_number"] == ""
    assert "Your billing information cannot be shown just now" in page.text
