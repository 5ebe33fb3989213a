"""Forms work only from the portal's own pages, and a form that is too old keeps what was typed."""

import pytest
from page import Page


@pytest.fixture
def guarded(app, resident):
    app.config["WTF_CSRF_ENABLED"] = True
    return resident


@pytest.mark.parametrize("path", ["/sign-out", "/session/keep", "/utility-billing/accounts/link-1/forget"])
def test_a_form_without_the_token_changes_nothing(guarded, billing_link, path: str) -> None:
    billing_link.link()

    response = guarded.post(path)

    assert response.status_code in (303, 400)
    assert guarded.get("/home").status_code == 200
    assert "link-1" in billing_link.links


def test_the_pages_own_forms_work(guarded, billing_link) -> None:
    billing_link.link()
    path = "/utility-billing/accounts/link-1/forget"

    guarded.submit(guarded.page(path).form(path))

    assert billing_link.links == {}


def test_a_search_from_a_page_that_was_open_for_too_long_keeps_the_numbers(guarded) -> None:
    response = guarded.post(
        "/utility-billing", account_number="00-1234567", customer_id="12345", csrf_token="old"
    )

    page = guarded.follow(response)
    assert "Your numbers are still here." in page.text
    assert page.form("/utility-billing").fields["account_number"] == "00-1234567"


def test_the_token_changes_with_the_session(guarded) -> None:
    before = guarded.page("/home").form("/sign-out")
    guarded.submit(before)
    guarded.sign_in()

    assert guarded.submit(before).status_code == 400
    assert guarded.get("/home").status_code == 200


def test_other_forms_that_are_too_old_are_explained(guarded) -> None:
    page = Page(guarded.post("/sign-out"))

    assert page.status == 400
    assert page.heading == "This page was open for too long"
    assert page.link("Go to Citizen Self Service") == "/home"
