"""Remembered accounts: shown, and forgotten."""

import html

import grpc
import pytest
from community_access.billing_link.v1 import billing_link_pb2 as pb


@pytest.fixture
def linked(billing_link):
    billing_link.link()
    return billing_link


def test_the_list_leads_to_each_account_and_to_forgetting_it(resident, linked) -> None:
    page = resident.get("/utility-billing").text

    assert 'href="/utility-billing/accounts/link-1"' in page
    assert (
        'href="/utility-billing/accounts/link-1/forget">Forget<span class="usa-sr-only"> 00-1234567</span>'
        in page
    )


def test_forgetting_asks_first(resident, linked) -> None:
    page = resident.get("/utility-billing/accounts/link-1/forget")

    assert "Forget this account?" in page.text
    assert "link-1" in linked.links


def test_forgetting_forgets_and_says_so(resident, linked) -> None:
    page = resident.follow(resident.post("/utility-billing/accounts/link-1/forget"))

    assert linked.links == {}
    assert "The account is no longer saved on your profile." in page.text


def test_forgetting_twice_is_forgetting_once(resident, linked) -> None:
    resident.post("/utility-billing/accounts/link-1/forget")

    assert resident.post("/utility-billing/accounts/link-1/forget").status_code == 303


@pytest.mark.parametrize(
    "path", ["/utility-billing/accounts/other", "/utility-billing/accounts/other/forget"]
)
def test_an_account_that_is_not_the_residents_is_not_found(resident, linked, path: str) -> None:
    response = resident.get(path)

    assert response.status_code == 404
    assert "This account is not on your profile" in response.text


def test_a_closed_account_says_when_it_was_closed(resident, billing_link) -> None:
    billing_link.link(status=pb.ACCOUNT_STATUS_CLOSED, closed_on="2026-06-30", due_on=None, balance_cents=0)

    page = resident.get("/utility-billing/accounts/link-1").text

    assert "Closed on June 30, 2026" in page
    assert "You see its final state" in page


def test_an_account_without_bills_or_payments_has_no_holes(resident, billing_link) -> None:
    billing_link.link(last_payment=None, recent_bills=None, services=None)

    page = resident.get("/utility-billing/accounts/link-1").text

    assert "There are no bills yet." in page
    assert "None yet" in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_billing_that_is_away_is_said_and_forgets_nothing(resident, linked, method: str) -> None:
    linked.refusal = (grpc.StatusCode.UNAVAILABLE, "REFUSAL_TEMPORARILY_UNAVAILABLE", {})

    response = getattr(resident, method)("/utility-billing/accounts/link-1/forget")

    assert response.status_code == 503
    assert "cannot be shown just now" in html.unescape(response.text)
    assert "link-1" in linked.links


def test_the_search_form_still_shows_while_the_list_cannot_be_had(resident, linked) -> None:
    linked.refusal = (grpc.StatusCode.UNAVAILABLE, "", {})

    page = resident.get("/utility-billing")

    assert page.status_code == 200
    assert "Account Number" in page.text
    assert "Your billing information cannot be shown just now" in page.text
