"""The mail about a sign-in in a browser never seen before, and its link "This wasn't me"."""

from datetime import timedelta

import pytest
from identity.oidc.grants.models import Grant
from identity.residents.accounts.store import Accounts
from identity.residents.lockout.store import Lockout
from identity.residents.sessions.models import Session
from identity.storage import table_of
from sqlalchemy import insert, select

EMAIL = "jane@example.com"
PASSWORD = "seven herons over the pond"
NEW_PASSWORD = "four tall palms in the wind"
ALERT = "new_sign_in"


@pytest.fixture
def jane(resident, clock):
    """Return Jane's identifier, a day after she registered."""
    clock.advance(timedelta(days=1))
    return resident


@pytest.fixture
def alerts(mailbox):
    return lambda: [mail for mail in mailbox.all() if mail.template == ALERT]


@pytest.fixture
def live(storage):
    def sessions():
        table = table_of(Session)
        with storage.autocommit() as connection:
            return connection.execute(select(table).where(table.c.ended_at.is_(None))).all()

    return sessions


class TestTheMail:
    def test_it_comes_once_for_a_browser(self, jane, browser, make_browser, alerts):
        browser.sign_in(EMAIL)
        (mail,) = alerts()
        assert (mail.to, mail.facts["browser"], mail.facts["system"]) == (EMAIL, "Firefox", "Windows")
        assert mail.facts["network"] == "203.0.113.*"
        browser.open("/sign-out")
        browser.press("Sign out")
        browser.sign_in(EMAIL)
        assert len(alerts()) == 1
        make_browser("198.51.100.9").sign_in(EMAIL)
        assert {mail.facts["network"] for mail in alerts()} == {"203.0.113.*", "198.51.100.*"}

    def test_who_has_just_registered_gets_none(self, resident, browser, alerts, clock):
        clock.advance(timedelta(minutes=15) - timedelta(seconds=1))
        browser.sign_in(EMAIL)
        assert alerts() == []

    def test_proving_oneself_again_in_a_live_session_is_no_news(self, jane, browser, alerts):
        browser.sign_in(EMAIL)
        browser.client.delete_cookie("device")
        browser.open("/sign-in?show=form")
        browser.press("Sign in", email=EMAIL, password=PASSWORD)
        assert len(alerts()) == 1

    def test_a_wrong_password_sends_none(self, jane, browser, alerts):
        browser.sign_in(EMAIL, "wrong password")
        assert alerts() == []

    def test_there_are_five_a_day(self, jane, make_browser, alerts, clock):
        for number in range(7):
            make_browser(f"198.51.{number}.9").sign_in(EMAIL)
        assert len(alerts()) == 5
        clock.advance(timedelta(days=1))
        make_browser("198.51.8.9").sign_in(EMAIL)
        assert len(alerts()) == 6

    def test_a_reset_forgets_the_devices(self, jane, browser, make_browser, mailbox, alerts):
        browser.sign_in(EMAIL)
        owner = make_browser("198.51.100.9")
        owner.open("/forgot-password")
        owner.press("Send Email", email=EMAIL)
        owner.open(mailbox.newest(EMAIL, "reset_password").link)
        owner.press("Reset your password", password=NEW_PASSWORD, sign_out_others="y")
        browser.sign_in(EMAIL, NEW_PASSWORD)
        assert len(alerts()) == 2


class TestAForgottenDevice:
    def test_is_a_stranger_to_the_lockout(self, jane, browser, storage, monkeypatch):
        seen = []
        count = Lockout.count_attempt

        def note(self, email_key, origin, now):
            seen.append(origin.partition(":")[0])
            return count(self, email_key, origin, now)

        monkeypatch.setattr(Lockout, "count_attempt", note)
        browser.sign_in(EMAIL)
        browser.sign_in(EMAIL, url="/sign-in?show=form")
        with storage.transaction() as tx:
            Accounts(tx).forget_devices(jane)
        browser.sign_in(EMAIL, url="/sign-in?show=form")
        assert seen == ["network", "device", "network"]


class TestThisWasntMe:
    @pytest.fixture
    def link(self, jane, browser, alerts):
        browser.sign_in(EMAIL)
        return alerts()[0].link

    def test_opening_the_link_changes_nothing(self, link, make_browser, live):
        page = make_browser().open(link)
        assert page.title == "This wasn't me"
        assert "Firefox on Windows" in page.main
        assert len(live()) == 1

    def test_the_button_shuts_everyone_out_and_leads_to_a_new_password(
        self, link, jane, browser, make_browser, live, storage, clock
    ):
        now = clock.now()
        with storage.transaction() as tx:
            tx.execute(
                insert(Grant).values(
                    id="grant", client_id="citizen-self-service", resident_id=jane, session_id="gone",
                    scope="openid offline_access", resources=[], offline=True, authenticated_at=now, acr="",
                    amr="", created_at=now, expires_at=now + timedelta(days=30),
                )
            )  # fmt: skip
        owner = make_browser("198.51.100.9")
        owner.open(link)
        page = owner.press("This wasn't me")
        assert "Every device is signed out" in page.main
        assert page.form("Send Email")[1]["email"] == EMAIL
        assert live() == []
        with storage.transaction() as tx:
            assert tx.get_one(Grant, "grant").revoked_for == "sign_in_reported"
        # The one who knows the password is out, in the browser that was known too.
        assert "Unable to sign in" in browser.sign_in(EMAIL).main

    def test_a_new_password_lets_the_owner_in(self, link, make_browser, mailbox):
        owner = make_browser("198.51.100.9")
        owner.open(link)
        owner.press("This wasn't me")
        owner.press("Send Email", email=EMAIL)
        owner.open(mailbox.newest(EMAIL, "reset_password").link)
        owner.press("Reset your password", password=NEW_PASSWORD, sign_out_others="y")
        assert owner.sign_in(EMAIL, NEW_PASSWORD).title == "Your profile"

    def test_it_works_once_and_for_seven_days(self, link, make_browser, clock):
        owner = make_browser("198.51.100.9")
        owner.open(link)
        owner.press("This wasn't me")
        again = make_browser().open(link)
        assert (again.status, again.title) == (400, "This link does not work any more")

    def test_it_expires(self, link, make_browser, clock):
        clock.advance(timedelta(days=7))
        assert make_browser().open(link).status == 400

    def test_two_mails_have_two_links_that_work(self, link, make_browser, alerts):
        make_browser("198.51.100.66").sign_in(EMAIL)
        first, second = (mail.link for mail in alerts())
        assert make_browser().open(first).title == make_browser().open(second).title == "This wasn't me"
