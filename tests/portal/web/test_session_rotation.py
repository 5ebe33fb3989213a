"""The session's cookie is replaced in use, and a copy of it ends the session when it is used too late."""

from datetime import timedelta

import pytest

pytestmark = pytest.mark.database("sqlite", "postgresql")

TEN_MINUTES, MINUTE, SECOND = timedelta(minutes=10), timedelta(minutes=1), timedelta(seconds=1)


def cookie(visitor) -> str:
    return str(visitor.client.get_cookie("portal").value)


@pytest.fixture
def thief(new_visitor, resident):
    """Return another browser with a copy of the resident's cookie."""
    other = new_visitor()
    other.client.set_cookie("portal", cookie(resident))
    return other


def test_the_secret_stays_for_ten_minutes_and_is_then_replaced(resident, clock) -> None:
    first = cookie(resident)
    clock.advance(TEN_MINUTES - SECOND)
    assert resident.is_signed_in
    assert cookie(resident) == first
    clock.advance(SECOND)
    assert resident.is_signed_in
    assert cookie(resident) != first
    assert resident.is_signed_in


def test_a_copy_that_is_used_too_late_ends_the_session(resident, thief, clock) -> None:
    clock.advance(TEN_MINUTES)
    assert resident.is_signed_in
    assert resident.is_signed_in
    clock.advance(MINUTE)
    assert not thief.is_signed_in
    assert not resident.is_signed_in


def test_a_thief_who_goes_on_is_found_out_when_the_owner_comes_back(resident, thief, clock) -> None:
    for _ in range(2):
        clock.advance(TEN_MINUTES)
        assert thief.is_signed_in
    clock.advance(MINUTE)
    assert not resident.is_signed_in
    assert not thief.is_signed_in


def test_requests_under_way_in_other_tabs_are_answered(resident, thief, clock) -> None:
    clock.advance(TEN_MINUTES)
    assert resident.is_signed_in
    assert resident.is_signed_in
    clock.advance(MINUTE - SECOND)
    assert thief.is_signed_in
    assert resident.is_signed_in


def test_a_browser_that_lost_the_response_gets_the_same_secret_again(resident, clock) -> None:
    before = cookie(resident)
    clock.advance(TEN_MINUTES)
    assert resident.is_signed_in
    given = cookie(resident)
    clock.advance(5 * MINUTE)
    resident.client.set_cookie("portal", before)
    assert resident.is_signed_in
    assert cookie(resident) == given


def test_signing_out_at_that_moment_leaves_no_cookie(resident, clock) -> None:
    clock.advance(TEN_MINUTES)
    resident.post("/sign-out")
    assert resident.client.get_cookie("portal") is None


def test_staying_signed_in_replaces_it_too(resident, clock) -> None:
    before = cookie(resident)
    clock.advance(TEN_MINUTES)
    assert resident.post("/session/keep").status_code == 204
    assert cookie(resident) != before
    assert resident.is_signed_in
