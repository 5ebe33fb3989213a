"""The link "Unlock account?": the page says nothing, the mail says everything."""

from datetime import timedelta

import pytest
from identity.outbox.models import OutboxMessage
from identity.residents.lockout.store import Lockout

PASSWORD = "seven herons over the pond"


@pytest.fixture
def ask(browser, at):
    """Return a function that asks to unlock and returns the page."""

    def fill_in(email="jane@example.com", who=None):
        person = who or browser
        person.open(at("/sign-in"))
        person.follow("Unlock account?")
        return person.press("Send Email", email=email)

    return fill_in


@pytest.fixture
def locked(browser, resident, mailbox):
    """Lock jane@example.com out of this network."""
    for _ in range(5):
        browser.sign_in("jane@example.com", "wrong password")
    mailbox.clear()


@pytest.fixture
def guess(storage, secret_keys, clock):
    """Return a function that guesses wrongly so many times, from as many networks."""

    def from_everywhere(times):
        with storage.autocommit() as connection:
            for number in range(times):
                Lockout(connection, secret_keys).count_attempt(
                    "jane@example.com", f"network:198.51.{number}.0/24", clock.now()
                )

    return from_everywhere


def test_the_page_has_the_labels_that_residents_know(browser, at):
    page = browser.open(at("/unlock-account"))
    assert page.title == "Unlock account"
    assert "Email or username" in page.main
    assert page.form("Send Email")


def test_the_answer_is_the_same_locked_or_not_known_or_not(
    ask, locked, make_browser, federated, add_resident, mailbox, count
):
    add_resident("free@example.com")
    seen = []
    for email in ("jane@example.com", "free@example.com", "nobody@example.com", "gina@example.com"):
        mailbox.clear()
        page = ask(email, make_browser())
        seen.append((page.status, page.source.replace(email, ""), count(OutboxMessage)))
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert seen[0][2] == 1
    assert "Email has been sent to gina@example.com with instructions on unlocking your account." in page.main


def test_each_owner_learns_by_mail_what_applies(ask, locked, federated, add_resident, mailbox):
    add_resident("free@example.com")
    for email in ("jane@example.com", "free@example.com", "nobody@example.com", "gina@example.com"):
        ask(email)
    assert {mail.to: mail.template for mail in mailbox.all()} == {
        "jane@example.com": "unlock_account",
        "free@example.com": "account_not_locked",
        "nobody@example.com": "no_account",
        "gina@example.com": "use_your_provider",
    }


class TestTheLink:
    @pytest.fixture
    def mail(self, ask, locked, mailbox):
        ask()
        return mailbox.newest("jane@example.com", "unlock_account")

    def test_unlocks_at_the_press_of_its_button(self, browser, mail):
        browser.open(mail.link)
        page = browser.press("Unlock account")
        assert "Account successfully unlocked!" in page.main
        assert "You can log in using your existing username and password." in page.main
        assert browser.press("Sign in", email="jane@example.com", password=PASSWORD).hops == ["/help"]

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_opening_it_changes_nothing(self, browser, make_browser, mail, method):
        for _ in range(3):
            make_browser().client.open(mail.link, method=method)
        assert browser.sign_in("jane@example.com").title != "Your profile"
        browser.open(mail.link)
        assert "successfully unlocked" in browser.press("Unlock account").main

    def test_works_once(self, browser, mail):
        browser.open(mail.link)
        action, fields = browser.page.form("Unlock account")
        browser.post(action, fields)
        page = browser.post(action, fields)
        assert page.status == 400
        assert (
            "You have accessed an account recovery link that has expired or been previously used."
            in page.main
        )
        assert page.link("Sign in")

    def test_expires_after_thirty_minutes(self, browser, mail, clock):
        clock.advance(timedelta(minutes=30))
        assert browser.open(mail.link).status == 400

    def test_unknown_and_tampered(self, browser):
        assert browser.open("/unlock?link=x#made-up").title == "This link does not work any more"
        assert browser.open("/unlock?token=made-up").title == "This link does not work any more"
        for token in ("", "%00", "a" * 5000):
            assert browser.open(f"/unlock?token={token}").title == "Open the link from the email"

    def test_an_expired_page_shows_the_button_again(self, browser, mail):
        page = browser.post(browser.open(mail.link).url, {"csrf_token": "old"})
        assert page.form("Unlock account")


def test_a_stop_is_told_once_and_ended_by_a_new_password(
    browser, make_browser, resident, ask, mailbox, guess
):
    guess(49)
    make_browser("198.51.200.7").sign_in("jane@example.com", "wrong password")
    stopped = [mail for mail in mailbox.of("jane@example.com") if mail.template == "account_stopped"]
    assert len(stopped) == 1
    assert browser.sign_in("jane@example.com").title != "Your profile"
    ask()
    mail = mailbox.newest("jane@example.com", "reset_password")
    browser.open(mail.link)
    browser.press("Reset your password", password="four tall palms in the wind")
    assert browser.press("Sign in", password="four tall palms in the wind").hops == ["/help"]


def test_an_older_unlock_link_does_not_lift_that_stop(browser, resident, ask, mailbox, guess):
    for _ in range(5):
        browser.sign_in("jane@example.com", "wrong password")
    ask()
    mail = mailbox.newest("jane@example.com", "unlock_account")
    guess(45)
    browser.open(mail.link)
    page = browser.press("Unlock account")
    assert "There were so many attempts that you need a new password." in page.main
    assert page.form("Send Email")[1]["email"] == "jane@example.com"
