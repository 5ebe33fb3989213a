"""The link "Forgot password?": one answer for every address, a link that acts by its button only."""

from datetime import timedelta

import pytest
from identity.outbox.models import OutboxMessage
from identity.residents.passwords.models import Password

PASSWORD = "seven herons over the pond"
NEW_PASSWORD = "four tall palms in the wind"


@pytest.fixture
def ask(browser, at):
    """Return a function that asks for a new password and returns the page."""

    def fill_in(email="jane@example.com", who=None):
        person = who or browser
        person.open(at("/sign-in"))
        person.follow("Forgot password?")
        return person.press("Send Email", email=email)

    return fill_in


@pytest.fixture
def mail(ask, resident, mailbox):
    ask()
    return mailbox.newest("jane@example.com", "reset_password")


class TestAsking:
    def test_the_answer_is_the_same_for_every_address(
        self, ask, make_browser, resident, federated, disable, add_resident, count, mailbox
    ):
        disable(add_resident("gone@example.com").id)
        seen, mails = [], []
        for email in ("jane@example.com", "nobody@example.com", "gina@example.com", "gone@example.com"):
            mailbox.clear()
            page = ask(email, make_browser())
            seen.append((page.status, page.source.replace(email, "")))
            mails.append(count(OutboxMessage))
        assert seen[0] == seen[1] == seen[2] == seen[3]
        assert mails == [1, 1, 1, 1]

    def test_the_words(self, ask, resident):
        page = ask()
        assert page.title == "Email sent!"
        assert (
            "Email has been sent to jane@example.com with instructions on resetting your password."
            in page.main
        )

    def test_each_owner_learns_by_mail_what_applies(self, ask, resident, federated, mailbox):
        for email in ("jane@example.com", "nobody@example.com", "gina@example.com"):
            ask(email)
        assert {mail.to: mail.template for mail in mailbox.all()} == {
            "jane@example.com": "reset_password",
            "nobody@example.com": "no_account",
            "gina@example.com": "use_your_provider",
        }

    def test_no_link_is_made_for_a_federated_resident(self, ask, federated, mailbox):
        ask("gina@example.com")
        assert "/reset-password" not in str(mailbox.all())

    def test_asking_neither_changes_the_password_nor_locks(self, ask, resident, browser):
        for _ in range(4):
            ask()
        assert browser.sign_in("jane@example.com").title == "Your profile"

    @pytest.mark.parametrize("email", ["jane@example.com", "nobody@example.com", "gina@example.com"])
    def test_the_answer_is_the_same_when_no_mail_is_sent_any_more(
        self, ask, resident, federated, mailbox, email
    ):
        first = ask(email)
        again = ask(email)
        assert len(mailbox.all()) == 1
        assert (again.status, again.title, again.main) == (first.status, first.title, first.main)

    def test_reload_sends_nothing(self, ask, resident, browser, mailbox):
        page = ask()
        browser.open(page.url)
        assert len(mailbox.all()) == 1

    def test_the_answer_without_its_browser_leads_to_the_form(self, make_browser, at):
        assert make_browser().open(at("/forgot-password/email-sent")).title == "Reset your password"

    def test_the_address_typed_at_sign_in_is_filled_in(self, browser, at):
        browser.sign_in("pat@example.com", "wrong password", url=at("/sign-in"))
        assert browser.follow("Forgot password?").form("Send Email")[1]["email"] == "pat@example.com"


class TestResetting:
    def test_the_new_password_works_and_the_old_one_does_not(self, browser, mail):
        browser.open(mail.link)
        page = browser.press("Reset your password", password=NEW_PASSWORD)
        assert "Your password was changed. Sign in with the new one." in page.main
        assert page.form("Sign in")[1]["email"] == "jane@example.com"
        assert browser.press("Sign in", password=PASSWORD).hops == []
        assert browser.press("Sign in", password=NEW_PASSWORD).hops == ["/help"]

    def test_a_password_manager_can_read_the_address_which_nothing_typed_there_changes(self, browser, mail):
        (field,) = browser.open(mail.link).root.xpath('//form//input[@autocomplete="username"]')
        assert (field.get("type"), field.get("value")) == ("email", "jane@example.com")
        assert field.get("readonly") is not None
        page = browser.press("Reset your password", username="pat@example.com", password=NEW_PASSWORD)
        assert page.form("Sign in")[1]["email"] == "jane@example.com"

    def test_nobody_is_signed_in_by_it(self, browser, mail):
        browser.open(mail.link)
        browser.press("Reset your password", password=NEW_PASSWORD)
        assert browser.cookie("session") is None

    def test_it_works_in_another_browser_and_leads_back_to_the_website(self, make_browser, mail):
        other = make_browser("198.51.100.20")
        other.open(mail.link)
        other.press("Reset your password", password=NEW_PASSWORD)
        assert other.press("Sign in", password=NEW_PASSWORD).hops == ["/help"]

    def test_the_page_sends_no_referrer(self, browser, mail):
        assert browser.open(mail.link).response.headers["Referrer-Policy"] == "no-referrer"

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_opening_the_link_changes_nothing(self, make_browser, mail, storage, resident, method):
        with storage.transaction() as tx:
            before = tx.get_one(Password, resident).hash
        for _ in range(3):
            make_browser().client.open(mail.link, method=method)
        with storage.transaction() as tx:
            assert tx.get_one(Password, resident).hash == before
        assert make_browser().open(mail.link).form("Reset your password")

    def test_a_weak_password_keeps_the_link(self, browser, mail):
        browser.open(mail.link)
        page = browser.press("Reset your password", password="too short")
        assert page.status == 422
        assert "Use at least 15 characters" in page.main
        page = browser.press("Reset your password", password="Jane Doe jane@example.com")
        assert "made of your name" in page.main
        assert "was changed" in browser.press("Reset your password", password=NEW_PASSWORD).main

    def test_every_other_session_ends_by_default(self, browser, make_browser, resident, ask, mailbox):
        elsewhere = make_browser()
        elsewhere.sign_in("jane@example.com")
        ask()
        browser.open(mailbox.newest("jane@example.com", "reset_password").link)
        assert browser.page.form("Reset your password")[1]["sign_out_others"] == "yes"
        browser.press("Reset your password", password=NEW_PASSWORD)
        assert elsewhere.open("/profile").title != "Your profile"

    def test_unless_the_resident_says_no(self, browser, make_browser, mail):
        elsewhere = make_browser()
        elsewhere.sign_in("jane@example.com")
        browser.open(mail.link)
        action, fields = browser.page.form("Reset your password")
        del fields["sign_out_others"]
        browser.post(action, fields | {"password": NEW_PASSWORD})
        assert elsewhere.open("/profile").title == "Your profile"

    def test_it_clears_the_lock(self, browser, mail):
        for _ in range(6):
            browser.sign_in("jane@example.com", "wrong password")
        browser.open(mail.link)
        browser.press("Reset your password", password=NEW_PASSWORD)
        assert browser.press("Sign in", password=NEW_PASSWORD).hops == ["/help"]

    def test_the_owner_is_told(self, browser, mail, mailbox):
        browser.open(mail.link)
        browser.press("Reset your password", password=NEW_PASSWORD)
        assert mailbox.newest("jane@example.com", "password_changed").facts["reset_link"]


class TestLateAndWrongLinks:
    def _is_refused(self, page):
        return (
            page.status == 400
            and "Your reset password token is no longer valid." in page.main
            and page.link("Send a new email").startswith("/forgot-password")
            and page.link("Back to sign in")
        )

    def test_a_second_use(self, browser, mail):
        browser.open(mail.link)
        action, fields = browser.page.form("Reset your password")
        browser.post(action, fields | {"password": NEW_PASSWORD})
        assert self._is_refused(browser.post(action, fields | {"password": PASSWORD}))
        assert self._is_refused(browser.open(mail.link))
        assert browser.sign_in("jane@example.com", NEW_PASSWORD).title == "Your profile"

    def test_after_thirty_minutes(self, browser, mail, clock):
        clock.advance(timedelta(minutes=30))
        assert self._is_refused(browser.open(mail.link))

    def test_after_a_sibling_was_used(self, browser, make_browser, mail, ask, mailbox):
        ask(who=make_browser("198.51.100.20"))
        older, newer = mailbox.of("jane@example.com")
        browser.open(newer.link)
        browser.press("Reset your password", password=NEW_PASSWORD)
        assert self._is_refused(browser.open(older.link))

    def test_unknown_and_tampered(self, browser):
        assert self._is_refused(browser.open("/reset-password?link=x#made-up"))
        assert self._is_refused(browser.open("/reset-password?token=made-up"))
        for token in ("", "%00", "a" * 5000):
            assert browser.open(f"/reset-password?token={token}").title == "Open the link from the email"

    def test_of_a_resident_disabled_meanwhile(self, browser, mail, resident, disable):
        disable(resident)
        assert self._is_refused(browser.open(mail.link))

    def test_an_expired_page_keeps_the_link(self, browser, mail):
        page = browser.post(browser.open(mail.link).url, {"csrf_token": "old", "password": NEW_PASSWORD})
        assert page.status == 400
        assert NEW_PASSWORD not in page.source
        assert "was changed" in browser.press("Reset your password", password=NEW_PASSWORD).main
