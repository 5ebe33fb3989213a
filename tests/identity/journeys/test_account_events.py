"""What journeys announce reaches a receiver of security events, in the transaction of its cause."""

import json

import pytest
from identity.security_events.event_types import EventType
from identity.security_events.models import PolledEvent
from identity.security_events.receivers import ReceiverRegistry, Registration
from identity.storage import table_of
from sqlalchemy import select

NEW_PASSWORD = "four tall palms in the wind"


@pytest.fixture
def told(storage, secret_keys, clock):
    """Return a function that lists what a receiver was told: types of events, in order."""
    everything = frozenset(each.value for each in EventType)
    ReceiverRegistry(storage, secret_keys, clock).put(
        Registration("urn:receiver", None, None, everything), None
    )

    def told():
        table = table_of(PolledEvent)
        with storage.autocommit() as connection:
            rows = connection.execute(select(table.c.payload).order_by(table.c.position)).scalars().all()
        events = [json.loads(secret_keys.decrypt(row))["events"] for row in rows]
        return [name.rpartition("/")[2] for event in events for name in event]

    return told


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
