"""The session's cookie is replaced in use, and a copy of it ends the session when it is used too late."""

from datetime import timedelta

import pytest
from identity.audit.models import AuditEvent
from identity.residents.sessions.models import Session
from identity.secret_keys import digest
from identity.storage import table_of
from sqlalchemy import select

pytestmark = pytest.mark.database("sqlite", "postgresql")

EMAIL = "jane@example.com"
TEN_MINUTES = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def jane(browser, resident):
    browser.sign_in(EMAIL)
    return browser


@pytest.fixture
def thief(make_browser, jane):
    """Return another browser with a copy of Jane's cookie."""
    other = make_browser("198.51.100.66")
    other.client.set_cookie("session", jane.cookie("session"))
    return other


def is_in(browser) -> bool:
    return browser.open("/profile").title == "Your profile"


def test_the_secret_stays_for_ten_minutes_and_is_then_replaced(jane, clock):
    first = jane.cookie("session")
    clock.advance(TEN_MINUTES - SECOND)
    assert is_in(jane)
    assert jane.cookie("session") == first
    clock.advance(SECOND)
    assert is_in(jane)
    second = jane.cookie("session")
    assert second != first
    assert is_in(jane)
    clock.advance(TEN_MINUTES)
    assert is_in(jane)
    assert jane.cookie("session") not in (first, second)


def test_a_copy_that_is_used_too_late_ends_the_session_and_the_resident_is_mailed(
    jane, thief, clock, mailbox, storage
):
    clock.advance(TEN_MINUTES)
    assert is_in(jane)
    assert is_in(jane)
    clock.advance(MINUTE)
    mailbox.clear()
    assert not is_in(thief)
    assert not is_in(jane)
    assert [mail.template for mail in mailbox.all()] == ["browser_signed_out"]
    table = table_of(AuditEvent)
    with storage.autocommit() as connection:
        details = connection.scalars(select(table.c.details).where(table.c.event == "session_ended")).all()
    assert [each["by"] for each in details] == ["replay"]


def test_a_thief_who_goes_on_is_found_out_when_the_owner_comes_back(jane, thief, clock):
    """However often the secret was replaced in between."""
    for _ in range(3):
        clock.advance(TEN_MINUTES)
        assert is_in(thief)
    clock.advance(MINUTE)
    assert not is_in(jane)
    assert not is_in(thief)


def test_requests_under_way_in_other_tabs_are_answered(jane, thief, clock):
    clock.advance(TEN_MINUTES)
    assert is_in(jane)
    assert is_in(jane)
    clock.advance(MINUTE - SECOND)
    kept = thief.cookie("session")
    assert is_in(thief)
    # It gets no new secret: only the browser that has it goes on.
    assert thief.cookie("session") == kept
    assert is_in(jane)


def test_a_browser_that_lost_the_response_gets_the_same_secret_again(jane, clock):
    before = jane.cookie("session")
    clock.advance(TEN_MINUTES)
    assert is_in(jane)
    given = jane.cookie("session")
    for _ in range(2):
        clock.advance(5 * MINUTE)
        jane.client.set_cookie("session", before)
        assert is_in(jane)
        assert jane.cookie("session") == given
    assert is_in(jane)


def test_a_former_secret_whose_successor_was_never_seen_is_worth_nothing_after_an_hour(
    make_browser, clock, resident, mailbox
):
    jane = make_browser()
    jane.sign_in(EMAIL, remember_me="y")
    before = jane.cookie("session")
    clock.advance(TEN_MINUTES)
    assert is_in(jane)
    given = jane.cookie("session")
    clock.advance(60 * MINUTE)
    jane.client.set_cookie("session", before)
    mailbox.clear()
    assert not is_in(jane)
    # No theft was seen, and the browser that has the new one goes on.
    assert mailbox.all() == []
    jane.client.set_cookie("session", given)
    assert is_in(jane)


def test_a_head_request_replaces_nothing(jane, clock):
    before = jane.cookie("session")
    clock.advance(TEN_MINUTES)
    jane.client.head("/profile")
    assert jane.cookie("session") == before


def test_signing_in_again_begins_another_series(jane, thief, clock):
    """A copy from before is no session then, and no theft of this one."""
    jane.open("/sign-in?show=form")
    jane.press("Sign in", email=EMAIL, password="seven herons over the pond")
    assert not is_in(thief)
    assert is_in(jane)


def test_signing_out_at_that_moment_leaves_no_cookie(jane, clock):
    clock.advance(TEN_MINUTES)
    jane.open("/sign-out")
    clock.advance(TEN_MINUTES)
    jane.press("Sign out")
    assert jane.cookie("session") is None


def test_a_session_of_the_release_before_goes_on_as_it_is(jane, resident, storage, clock):
    with storage.transaction() as tx:
        row = tx.scalars(select(Session)).one()
        row.secret_digest, row.series_digest = digest("s" * 43), None
        row.rotated_at = row.confirmed_at = None
    jane.client.set_cookie("session", "s" * 43)
    clock.advance(TEN_MINUTES)
    assert is_in(jane)
    assert jane.cookie("session") == "s" * 43
