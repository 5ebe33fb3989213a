"""What was checked in one transaction is used in another: it counts only if it still holds there.

Each test lets something happen in the gap, which a hash or a provider makes long, and runs on both databases.
"""

import dataclasses
from datetime import timedelta

import pytest
from identity.audit.models import AuditEvent
from identity.composition.staff import resident_administration
from identity.residents.passwords.hashing import PROFILES, PasswordHasher
from identity.residents.passwords.models import Password
from identity.residents.passwords.store import Passwords
from identity.residents.sessions.models import Session
from identity.storage import table_of
from sqlalchemy import select, update

pytestmark = pytest.mark.database("sqlite", "postgresql")

PASSWORD = "seven herons over the pond"
EMAIL = "jane@example.com"
NEW_PASSWORD = "four tall palms in the wind"


@pytest.fixture
def meanwhile(monkeypatch):
    """Return a function that lets a deed happen once a password was found to be right."""

    def after_the_hash(deed):
        verify = PasswordHasher.verify

        def then(self, password_hash, password):
            is_right = verify(self, password_hash, password)
            monkeypatch.setattr(PasswordHasher, "verify", verify)
            deed()
            return is_right

        monkeypatch.setattr(PasswordHasher, "verify", then)

    return after_the_hash


@pytest.fixture
def reset(make_browser, resident, mailbox):
    """Return a function that resets the password in another browser, after the mail has come."""
    owner = make_browser("198.51.100.9")
    owner.open("/forgot-password")
    owner.press("Send Email", email=EMAIL)
    owner.open(mailbox.newest(EMAIL, "reset_password").link)

    def reset():
        page = owner.press("Reset your password", password=NEW_PASSWORD, sign_out_others="y")
        assert "Your password was changed" in page.main

    return reset


@pytest.fixture
def staff(storage, secret_keys, clock, settings):
    return resident_administration(storage, secret_keys, clock, settings)


@pytest.fixture
def sessions(storage):
    """Return a function that lists the sessions that live."""

    def live():
        table = table_of(Session)
        with storage.autocommit() as connection:
            return connection.execute(select(table).where(table.c.ended_at.is_(None))).all()

    return live


def test_a_reset_shuts_out_a_sign_in_under_way(browser, meanwhile, reset, sessions):
    meanwhile(reset)
    page = browser.sign_in(EMAIL)
    assert "Unable to sign in" in page.main
    assert sessions() == []


def test_it_is_refused_as_a_wrong_password_is(browser, meanwhile, reset, storage):
    meanwhile(reset)
    browser.sign_in(EMAIL)
    events = table_of(AuditEvent)
    with storage.autocommit() as connection:
        recorded = connection.scalars(select(events.c.event)).all()
    assert "sign_in_failed" in recorded
    assert "sign_in_succeeded" not in recorded


def test_the_new_password_signs_in_in_the_same_second(browser, reset, sessions):
    reset()
    assert browser.sign_in(EMAIL, NEW_PASSWORD).title == "Your profile"
    assert len(sessions()) == 1


def test_a_stronger_hash_of_the_same_password_is_no_change(
    browser, make_browser, resident, meanwhile, storage, hasher, sessions, monkeypatch
):
    """Two sign-ins at once both replace the hash of a former profile."""
    monkeypatch.setitem(PROFILES, "former", dataclasses.replace(PROFILES["cheap"], passes=2))
    with storage.transaction() as tx:
        Passwords(tx).rehash(
            resident, Passwords(tx).find_password(resident).hash, PasswordHasher("former").hash(PASSWORD)
        )
    other = make_browser("198.51.100.9")
    meanwhile(lambda: other.sign_in(EMAIL))
    assert browser.sign_in(EMAIL).title == "Your profile"
    assert len(sessions()) == 2


def test_a_rehash_does_not_bring_the_password_before_back(
    browser, resident, meanwhile, reset, storage, monkeypatch, sessions
):
    monkeypatch.setitem(PROFILES, "former", dataclasses.replace(PROFILES["cheap"], passes=2))
    table = table_of(Password)
    with storage.autocommit() as connection:
        former = PasswordHasher("former").hash(PASSWORD)
        early = connection.scalar(select(table.c.changed_at)) - timedelta(days=1)
        connection.execute(update(table).values(hash=former, changed_at=early))
    meanwhile(reset)
    assert "Unable to sign in" in browser.sign_in(EMAIL).main
    assert sessions() == []
    assert browser.sign_in(EMAIL, NEW_PASSWORD).title == "Your profile"


def test_disabling_shuts_out_a_sign_in_under_way(browser, meanwhile, resident, staff, sessions):
    meanwhile(lambda: staff.disable(EMAIL, "asked"))
    assert "Unable to sign in" in browser.sign_in(EMAIL).main
    assert sessions() == []


def test_deleting_shuts_out_a_sign_in_under_way(browser, meanwhile, resident, staff, sessions):
    meanwhile(lambda: staff.delete(EMAIL, "asked"))
    assert "Unable to sign in" in browser.sign_in(EMAIL).main
    assert sessions() == []


def test_a_reset_of_a_resident_who_is_deleted_meanwhile_says_that_the_link_is_no_longer_valid(
    make_browser, resident, mailbox, staff, monkeypatch
):
    owner = make_browser()
    owner.open("/forgot-password")
    owner.press("Send Email", email=EMAIL)
    owner.open(mailbox.newest(EMAIL, "reset_password").link)
    hash_of = PasswordHasher.hash

    def then(self, password):
        staff.delete(EMAIL, "asked")
        return hash_of(self, password)

    monkeypatch.setattr(PasswordHasher, "hash", then)
    assert owner.press("Reset your password", password=NEW_PASSWORD, sign_out_others="y").status == 400
