"""`/sign-in/callback`: which authorization responses begin a session, and what the others get."""

from dataclasses import replace
from datetime import timedelta

import pytest
from page import Page
from portal.app import create_app, registration
from portal.identity_client.client import IdentityClient
from portal.identity_client.provider import LIMITS
from portal.outbound_http import OutboundHttp
from sqlalchemy import create_engine, text

from tests.portal.conftest import Visitor, close


def test_a_good_answer_signs_the_resident_in_and_returns_to_where_they_were_going(visitor) -> None:
    response = visitor.sign_in("/sign-in?return_to=/utility-billing")

    assert (response.status_code, response.location) == (303, "/utility-billing")
    assert visitor.get("/utility-billing").status_code == 200


def test_a_page_that_needs_a_resident_leads_through_sign_in_and_back(visitor) -> None:
    response = visitor.get("/utility-billing/accounts/link-1")

    assert response.location == "/sign-in?return_to=/utility-billing/accounts/link-1"
    assert visitor.sign_in(response.location).location == "/utility-billing/accounts/link-1"


def test_the_session_cookie_is_new_opaque_and_out_of_reach_of_scripts(visitor) -> None:
    cookie = next(c for c in visitor.sign_in().headers.getlist("Set-Cookie") if c.startswith("portal="))

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "." not in cookie.split(";")[0]


@pytest.mark.database("sqlite", "postgresql")
def test_signing_in_again_ends_the_session_before(visitor) -> None:
    state = visitor.start_sign_in()
    visitor.sign_in()
    first = visitor.client.get_cookie("portal")
    visitor.get(visitor.callback_of(state))
    second = visitor.client.get_cookie("portal")

    assert first.value != second.value
    visitor.client.set_cookie("portal", first.value)
    assert visitor.get("/home").location.startswith("/sign-in")


def test_neither_tokens_nor_secrets_lie_open_in_the_database(resident, settings) -> None:
    resident.get("/home")
    engine = create_engine(settings.database_url.get_secret_value())
    with engine.connect() as connection:
        tables = ("SELECT * FROM sessions", "SELECT * FROM sign_in_attempts")
        rows = [str(row) for table in tables for row in connection.execute(text(table))]
    engine.dispose()
    stored = " ".join(rows)

    assert "resident-1" in stored
    assert resident.client.get_cookie("portal").value not in stored
    assert resident.client.get_cookie("portal-browser").value not in stored
    assert not any(secret in stored for secret in ("rt ", "at urn", "eyJ", "Ana Rivera", "ana@example.com"))


def test_two_tabs_can_sign_in_one_after_the_other(visitor) -> None:
    first, second = visitor.start_sign_in("/sign-in?return_to=/utility-billing"), visitor.start_sign_in()

    assert visitor.get(visitor.callback_of(second)).location == "/home"
    assert visitor.get(visitor.callback_of(first)).location == "/utility-billing"


def test_the_back_button_after_sign_in_leads_on_instead_of_failing(visitor) -> None:
    answer = visitor.callback_of(visitor.start_sign_in("/sign-in?return_to=/utility-billing"))
    visitor.get(answer)

    again = visitor.get(answer)

    assert (again.status_code, again.location) == (303, "/utility-billing")


def test_a_state_is_spent_by_its_first_use(visitor, new_visitor, identity) -> None:
    answer = visitor.callback_of(visitor.start_sign_in())
    visitor.get(answer)
    visitor.client.delete_cookie("portal")

    assert visitor.get(answer).location.startswith(identity.issuer)
    assert len(identity.asked("/token")) == 1


def test_another_browsers_state_is_worth_nothing(visitor, new_visitor, identity) -> None:
    answer = visitor.callback_of(visitor.start_sign_in())
    victim = new_visitor()
    victim.start_sign_in()

    response = victim.get(answer)

    assert response.location.startswith(f"{identity.issuer}/authorize")
    assert identity.asked("/token") == []
    assert victim.get("/home").location.startswith("/sign-in")


@pytest.mark.parametrize("state", ["", "state=", "state=forged", "state=%00%ff"])
def test_an_unknown_state_starts_over_by_itself(visitor, identity, state: str) -> None:
    response = visitor.get(f"/sign-in/callback?code=x&{state}")

    assert response.location.startswith(f"{identity.issuer}/authorize")
    assert visitor.get(visitor.callback_of(response.location)).location == "/home"


def test_an_expired_state_starts_over_and_still_returns_to_where_the_resident_was_going(
    visitor, clock
) -> None:
    answer = visitor.callback_of(visitor.start_sign_in("/sign-in?return_to=/utility-billing"))
    clock.advance(timedelta(hours=1))

    response = visitor.get(answer)

    assert visitor.get(visitor.callback_of(response.location)).location == "/utility-billing"


def test_starting_over_does_not_go_round_in_circles(visitor, identity) -> None:
    answer = visitor.callback_of(visitor.start_sign_in())
    visitor.client.delete_cookie("portal-browser")
    restarted = visitor.get(answer)
    visitor.client.delete_cookie("portal-browser")  # a browser that refuses cookies

    stopped = Page(visitor.get(visitor.callback_of(restarted.location)))

    assert stopped.status == 400
    assert "Your browser may be refusing cookies" in stopped.text
    assert stopped.link("Try again") == "/sign-in?return_to=/home"


def test_a_code_that_identity_no_longer_takes_starts_over_once_and_then_stops(visitor, identity) -> None:
    first = visitor.callback_of(visitor.start_sign_in())
    identity.codes.clear()
    restarted = visitor.get(first)
    second = visitor.callback_of(restarted.location)
    identity.codes.clear()

    assert restarted.location.startswith(identity.issuer)
    assert "did not work twice in a row" in Page(visitor.get(second)).text


def test_a_cancelled_sign_in_is_no_error_and_has_a_way_on(visitor, identity) -> None:
    identity.redirect = {"code": None, "error": "access_denied"}

    page = Page(visitor.sign_in("/sign-in?return_to=/utility-billing"))

    assert page.status == 403
    assert "Signing in was cancelled" in page.text
    assert page.link("Try again") == "/sign-in?return_to=/utility-billing"


@pytest.mark.parametrize(
    ("redirect", "status"),
    [
        ({"error": "temporarily_unavailable", "code": None}, 503),
        ({"error": "invalid_scope", "code": None}, 400),
        ({"code": None}, 400),
        ({"iss": "https://evil.example"}, 400),
        ({"iss": None}, 400),
    ],
)
def test_other_answers_fail_the_sign_in_and_show_no_internals(
    visitor, identity, redirect, status: int
) -> None:
    identity.redirect = redirect

    page = Page(visitor.sign_in())

    assert page.status == status
    assert page.heading == "You are not signed in"
    assert "invalid_scope" not in page.source
    assert identity.asked("/token") == []
    assert visitor.get("/home").location.startswith("/sign-in")


@pytest.mark.parametrize(
    "answer",
    [
        (500, "text/html", b"<h1>Internal Server Error</h1>"),
        (200, "text/html", b"<h1>Maintenance</h1>"),
        (401, "application/json", b'{"error": "invalid_client"}'),
        (200, "application/json", b"[]"),
        (302, "text/html", b""),
    ],
)
def test_a_token_endpoint_that_misbehaves_fails_the_sign_in(visitor, identity, answer) -> None:
    identity.answers["/token"] = answer

    response = visitor.sign_in()

    assert response.status_code == 503
    assert visitor.get("/home").location.startswith("/sign-in")


def test_an_identity_that_is_too_slow_is_given_up(settings, clock, identity) -> None:
    http = OutboundHttp(replace(LIMITS, total=0.2), settings.authorities)
    app = create_app(settings, clock=clock, identity=IdentityClient(registration(settings), clock, http))
    visitor = Visitor(app)
    callback = visitor.callback_of(visitor.start_sign_in())
    identity.delay["/token"] = 0.5

    assert visitor.get(callback).status_code == 503
    close(app)
