"""`/home`, "Welcome to Citizen Self Service" (guide, step 9)."""

import time
from datetime import timedelta

import grpc
import pytest
from community_access.billing_link.v1 import billing_link_pb2 as pb
from sent_statements import sent_statements


def test_it_has_the_guides_sections_and_sidebar(resident) -> None:
    page = resident.page("/home")

    assert page.heading == "Welcome to Citizen Self Service"
    assert [heading.text_content() for heading in page.all("//h2")] == [
        "Announcements",
        "Profile Information",
        "Utility Billing Accounts",
    ]
    assert "There are currently no announcements." in page.text
    assert [link.text_content() for link in page.all("//nav//a")] == [
        "Home",
        "Citizen Self Service",
        "Utility Billing",
    ]


def test_the_citys_notice_is_an_announcement(resident, identity) -> None:
    identity.city["notice"] = "City Hall is closed on Thursday."

    page = resident.page("/home")

    assert "City Hall is closed on Thursday." in page.text
    assert "There are currently no announcements." not in page.text


def test_name_and_e_mail_come_from_userinfo(resident) -> None:
    page = resident.page("/home")

    assert "Ana Rivera" in page.text
    assert "ana@example.com" in page.text


@pytest.mark.parametrize(
    "userinfo",
    [
        {"sub": "resident-1"},
        {"sub": "resident-1", "name": "", "email": None},
        {"sub": "resident-1", "name": 7},
    ],
)
def test_no_profile_is_said_in_the_guides_words(resident, identity, userinfo) -> None:
    identity.userinfo = userinfo

    assert "Profile information not found." in resident.page("/home").text


def test_a_userinfo_that_fails_leaves_the_rest_of_the_page(resident, identity, billing_link) -> None:
    identity.answers["/userinfo"] = (500, "text/html", b"<h1>oops</h1>")
    billing_link.link()

    page = resident.page("/home")

    assert "Profile information not found." in page.text
    assert "00-1234567" in page.text


def test_the_profile_is_asked_for_once_and_again_after_a_while(resident, identity, clock) -> None:
    resident.page("/home")
    resident.page("/home")
    assert len(identity.asked("/userinfo")) == 1

    clock.advance(timedelta(minutes=15))
    identity.userinfo["name"] = "Ana Rivera Soto"

    assert "Ana Rivera Soto" in resident.page("/home").text


def test_linked_accounts_are_listed_with_number_address_balance_and_due_date(resident, billing_link) -> None:
    billing_link.link()

    page = resident.page("/home")

    assert page.link("Account Number 00-1234567") == "/utility-billing/accounts/link-1"
    for text in ("7040 78th Ave N", "$82.17", "December 1, 2026"):
        assert text in page.text


def test_cents_stay_exact_and_a_credit_is_called_one(resident, billing_link) -> None:
    billing_link.link(balance_cents=-123_456_789_01, due_on=None)

    page = resident.page("/home")

    assert "$123,456,789.01 credit" in page.text
    assert "Nothing is due" in page.text


def test_an_auto_link_is_announced_with_one_click_undo(resident, billing_link, clock) -> None:
    billing_link.link(undo_until=clock.now() + timedelta(days=7))

    page = resident.page("/home")

    assert "We added account 00-1234567 for you" in page.text
    assert "November 30, 2026, 10:00\u202fAM EST" in page.text  # the city's zone, five hours behind UTC
    undone = resident.submit(page.form("/utility-billing/accounts/link-1/forget"))
    assert undone.location == "/home"
    assert "The account is no longer saved on your profile." in resident.follow(undone).text
    assert billing_link.links == {}


def test_an_auto_link_past_its_time_is_an_account_like_any_other(resident, billing_link, clock) -> None:
    billing_link.link(undo_until=clock.now())

    page = resident.page("/home")

    assert "We added account" not in page.text
    assert "00-1234567" in page.text


def test_several_matches_are_told_and_lead_to_the_search(resident, billing_link) -> None:
    billing_link.outcome = pb.AUTO_LINK_OUTCOME_AMBIGUOUS

    page = resident.page("/home")

    assert "Your e-mail address belongs to more than one earlier registration" in page.text
    assert page.link("Add an account with your customer ID and account number") == "/utility-billing"


def test_no_account_leads_to_the_search(resident) -> None:
    page = resident.page("/home")

    assert "No utility account is saved on your profile yet." in page.text
    assert page.link("Add an account with your customer ID and account number") == "/utility-billing"


@pytest.mark.parametrize(
    "refusal",
    [
        (grpc.StatusCode.UNAVAILABLE, "REFUSAL_TEMPORARILY_UNAVAILABLE", {}),
        (grpc.StatusCode.INTERNAL, "", {}),
        (grpc.StatusCode.PERMISSION_DENIED, "REFUSAL_CITY_UNKNOWN", {}),
        (grpc.StatusCode.PERMISSION_DENIED, "REFUSAL_SCOPE_MISSING", {"scope": "billing.read"}),
        (grpc.StatusCode.NOT_FOUND, "REFUSAL_OF_A_LATER_VERSION", {}),
    ],
)
def test_billing_that_cannot_be_had_is_said_in_a_residents_words(resident, billing_link, refusal) -> None:
    billing_link.refusal = refusal

    page = resident.page("/home")

    assert "Your billing information cannot be shown just now" in page.text
    assert "727-369-0690" in page.text
    assert "Ana Rivera" in page.text
    assert "REFUSAL" not in page.source


def test_a_billing_link_that_is_too_slow_is_given_up(resident, billing_link, monkeypatch) -> None:
    monkeypatch.setattr("portal.billing_link_client.client.DEADLINE_SECONDS", 0.1)
    billing_link.delay = 0.5

    assert "Your billing information cannot be shown just now" in resident.page("/home").text


def test_an_account_with_a_date_that_is_none_does_not_break_the_page(resident, billing_link) -> None:
    billing_link.link(due_on="soon")

    assert "Your billing information cannot be shown just now" in resident.page("/home").text


def test_names_from_outside_are_text_and_never_markup(resident, identity, billing_link) -> None:
    identity.userinfo["name"] = "<script>alert(1)</script>"
    billing_link.link(service_address="<img src=x>")

    page = resident.page("/home")

    assert "<script>alert(1)</script>" in page.text
    assert "<img src=x>" in page.text


def test_identity_and_billing_link_are_asked_at_the_same_time(resident, identity, billing_link) -> None:
    identity.delay["/userinfo"] = billing_link.delay = 1.0
    began = time.monotonic()

    page = resident.page("/home")

    assert time.monotonic() - began < 1.9
    assert "Ana Rivera" in page.text


def test_a_page_whose_profile_is_known_costs_one_statement_and_one_call(
    resident, identity, billing_link
) -> None:
    resident.get("/home")
    asked = len(identity.seen), len(billing_link.seen)

    with sent_statements() as sent:
        resident.page("/home")

    assert [statement.partition(" ")[0] for statement, _ in sent] == ["SELECT"]
    assert (len(identity.seen) - asked[0], len(billing_link.seen) - asked[1]) == (0, 1)
