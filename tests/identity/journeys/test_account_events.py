"""What journeys publish reaches a receiver of security events, in the transaction of its cause."""

from datetime import timedelta

import pytest
from identity.audit.events import Event
from identity.audit.models import AuditEvent
from identity.residents.passwords.store import Passwords
from identity.residents.sessions.models import Session
from sqlalchemy import select

PASSWORD = "seven herons over the pond"
NEW_PASSWORD = "four tall palms in the wind"


def test_sign_out(told, browser, resident):
    browser.sign_in("jane@example.com")
    browser.open("/sign-out")
    assert told() == []
    browser.press("Sign out")
    assert told() == ["session-revoked"]


def test_every_other_device_on_the_profile_page(told, browser, make_browser, resident):
    for _ in range(2):
        make_browser().sign_in("jane@example.com")
    browser.sign_in("jane@example.com")
    browser.open("/profile")
    browser.press("Sign out everywhere else")
    assert told() == ["session-revoked"] * 2


@pytest.fixture
def other_resident(add_resident, storage, hasher, now):
    """Return the identifier of john@example.com, who has Jane's password too."""
    john = add_resident("john@example.com")
    with storage.transaction() as tx:
        Passwords(tx).set_password(john.id, hasher.hash(PASSWORD), now)
    return john.id


@pytest.fixture
def ended(storage):
    """Return a function that lists whose sessions ended, and what the audit says of each."""

    def ended():
        with storage.transaction() as tx:
            recorded = tx.scalars(select(AuditEvent).where(AuditEvent.event == Event.SESSION_ENDED))
            return [(event.resident_id, event.details) for event in recorded]

    return ended


def test_another_resident_in_the_same_browser(told, ended, browser, resident, other_resident):
    browser.sign_in("jane@example.com")
    assert told() == []
    browser.sign_in("john@example.com", url="/sign-in?show=form")
    assert told() == ["session-revoked"]
    assert ended() == [(resident, {"by": "other_resident"})]


def test_the_same_resident_choosing_remember_me(told, ended, browser, resident, storage):
    browser.sign_in("jane@example.com")
    browser.sign_in("jane@example.com", url="/sign-in?show=form", remember_me="yes")
    assert told() == ["session-revoked"]
    assert ended() == [(resident, {"by": "remember_me"})]
    with storage.transaction() as tx:
        [live] = tx.scalars(select(Session).where(Session.ended_at.is_(None)))
    assert live.remembered


def test_the_same_resident_signing_in_again_goes_on(told, ended, browser, resident, storage, clock):
    browser.sign_in("jane@example.com", remember_me="yes")
    secret = browser.cookie("session")
    clock.advance(timedelta(minutes=5))
    browser.sign_in("jane@example.com", url="/sign-in?show=form")
    assert (told(), ended()) == ([], [])
    with storage.transaction() as tx:
        [session] = tx.scalars(select(Session))
    assert (session.authenticated_at, session.remembered) == (clock.now(), True)
    assert browser.cookie("session") != secret


@pytest.mark.parametrize(
    ("others", "expected"), [(True, ["credential-change", "session-revoked"]), (False, ["credential-change"])]
)
def test_a_reset_password(told, browser, make_browser, resident, mailbox, at, others, expected):
    make_browser().sign_in("jane@example.com")
    browser.open(at("/sign-in"))
    browser.follow("Forgot password?")
    browser.press("Send Email", email="jane@example.com")
    browser.open(mailbox.newest("jane@example.com", "reset_password").link)
    action, fields = browser.page.form("Reset your password")
    if not others:
        del fields["sign_out_others"]
    browser.post(action, fields | {"password": NEW_PASSWORD})
    assert told() == expected
