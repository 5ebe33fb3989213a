"""`/home`, "Welcome to Citizen Self Service" (guide, step 9)."""

import html
from datetime import timedelta

import grpc
import pytest
from community_access.billing_link.v1 import billing_link_pb2 as pb


@pytest.fixture
def welcome(resident):
    """Return a function that reads the page as a resident does."""

    def read() -> str:
        response = resident.get("/home")
        assert response.status_code == 200
        return html.unescape(response.text)

    return read


def test_it_has_the_guides_sections_and_sidebar(welcome) -> None:
    page = welcome()

    for text in (
        "Welcome to Citizen Self Service",
        "Announcements",
        "There are currently no announcements.",
        "Profile Information",
        "Utility Billing Accounts",
    ):
        assert text in page
    assert (
        page.index(">Home</a>") < page.index(">Citizen Self Service</a>") < page.index(">Utility Billing</a>")
    )


def test_the_citys_notice_is_an_announcement(welcome, identity) -> None:
    identity.city["notice"] = "City Hall is closed on Thursday."

    page = welcome()

    assert "City Hall is closed on Thursday." in page
    assert "There are currently no announcements." not in page


def test_name_and_e_mail_come_from_userinfo(welcome) -> None:
    page = welcome()

    assert "Ana Rivera" in page
    assert "ana@example.com" in page


@pytest.mark.parametrize(
    "userinfo",
    [
        {"sub": "resident-1"},
        {"sub": "resident-1", "name": "", "email": None},
        {"sub": "resident-1", "name": 7},
    ],
)
def test_no_profile_is_said_in_the_guides_words(welcome, identity, userinfo) -> None:
    identity.userinfo = userinfo

    assert "Profile information not found." in welcome()


def test_a_userinfo_that_fails_leaves_the_rest_of_the_page(welcome, identity, billing_link) -> None:
    identity.answers["/userinfo"] = (500, "text/html", b"<h1>oops</h1>")
    billing_link.link()

    page = welcome()

    assert "Profile information not found." in page
    assert "00-1234567" in page


def test_the_profile_is_asked_for_once_and_again_after_a_while(welcome, identity, clock) -> None:
    welcome()
    welcome()
    assert len(identity.asked("/userinfo")) == 1

    clock.advance(timedelta(minutes=15))
    identity.userinfo["name"] = "Ana Rivera Soto"

    assert "Ana Rivera Soto" in welcome()


def test_linked_accounts_are_listed_with_number_address_balance_and_due_date(welcome, billing_link) -> None:
    billing_link.link()

    page = welcome()

    for text in ("00-1234567", "7040 78th Ave N", "$82.17", "December 1, 2026"):
        assert text in page


def test_cents_stay_exact_and_a_credit_is_called_one(welcome, billing_link) -> None:
    billing_link.link(balance_cents=-123_456_789_01, due_on=None)

    page = welcome()

    assert "$123,456,789.01 credit" in page
    assert "Nothing is due" in page


def test_an_auto_link_is_announced_with_one_click_undo(welcome, resident, billing_link, clock) -> None:
    billing_link.link(undo_until=clock.now() + timedelta(days=7))

    page = welcome()

    assert "We added account 00-1234567 for you" in page
    assert "November 30, 2026, 10:00\u202fAM EST" in page  # the city's zone, five hours behind UTC
    undone = resident.follow(
        resident.client.post("/utility-billing/accounts/link-1/forget", data={"from": "home"})
    )
    assert "The account is no longer saved on your profile." in undone.text
    assert billing_link.links == {}


def test_an_auto_link_past_its_time_is_an_account_like_any_other(welcome, billing_link, clock) -> None:
    billing_link.link(undo_until=clock.now())

    page = welcome()

    assert "We added account" not in page
    assert "00-1234567" in page


def test_several_matches_are_told_and_lead_to_the_search(welcome, billing_link) -> None:
    billing_link.outcome = pb.AUTO_LINK_OUTCOME_AMBIGUOUS

    page = welcome()

    assert "Your e-mail address belongs to more than one earlier registration" in page
    assert 'href="/utility-billing">Add an account with your customer ID and account number</a>' in page


def test_no_account_leads_to_the_search(welcome) -> None:
    assert "No utility account is saved on your profile yet." in welcome()


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
def test_billing_that_cannot_be_had_is_said_in_a_residents_words(welcome, billing_link, refusal) -> None:
    billing_link.refusal = refusal

    page = welcome()

    assert "Your billing information cannot be shown just now" in page
    assert "727-369-0690" in page
    assert "Ana Rivera" in page
    assert "REFUSAL" not in page


def test_a_billing_link_that_is_too_slow_is_given_up(welcome, billing_link, monkeypatch) -> None:
    monkeypatch.setattr("portal.billing_link_client.client.DEADLINE_SECONDS", 0.1)
    billing_link.delay = 0.5

    assert "Your billing information cannot be shown just now" in welcome()


def test_an_account_with_a_date_that_is_none_does_not_break_the_page(welcome, billing_link) -> None:
    billing_link.link(due_on="soon")

    assert "Your billing information cannot be shown just now" in welcome()


def test_names_from_outside_are_text_and_never_markup(welcome, resident, identity, billing_link) -> None:
    identity.userinfo["name"] = "<script>alert(1)</script>"
    billing_link.link(service_address="<img src=x>")

    raw = resident.get("/home").text

    assert "<script>alert" not in raw
    assert "<img src=x>" not in raw
