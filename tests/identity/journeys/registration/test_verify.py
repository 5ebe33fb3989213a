"""Step 7 of the resident guide: "Verify registration" in the mail."""

from datetime import timedelta

import pytest
from identity.journeys.registration.store import PENDING, PendingRegistrations
from identity.rate_limits.limiter import RateLimiter
from identity.residents.accounts.models import Resident
from mailed_codes import another
from sqlalchemy import select

PASSWORD = "seven herons over the pond"
OTHER_PASSWORD = "four tall palms in the wind"


@pytest.fixture
def mail(sign_up, mailbox):
    """Return the mail after a sign-up in `browser`."""
    sign_up()
    return mailbox.newest("new@example.com", "verify_registration")


@pytest.fixture
def stored_passwords(storage):
    """Return a function that lists the password hashes of all registrations."""

    def stored() -> list[str]:
        with storage.autocommit() as connection:
            return list(connection.execute(select(PENDING.c.password_hash)).scalars())

    return stored


class TestInTheBrowserThatAsked:
    def test_the_page_has_one_button_that_a_script_presses(self, browser, mail):
        page = browser.open(mail.link)
        assert page.title == "Verify registration"
        assert "data-one-click" in page.source
        assert "one_click.js" in page.source
        assert "Password" not in page.main

    def test_it_leads_to_the_sign_in_page_and_from_there_back_to_the_website(self, browser, mail):
        browser.open(mail.link)
        page = browser.press("Verify registration")
        assert page.title == "Sign in to community access services."
        assert "Your email address is verified. Sign in to continue." in page.main
        assert page.form("Sign in")[1]["email"] == "new@example.com"
        assert browser.press("Sign in", password=PASSWORD).hops == ["/help"]

    def test_the_code_does_the_same(self, browser, mail):
        page = browser.press(
            "Verify registration", code=f" {mail.facts['code'][:3]}-{mail.facts['code'][3:]} "
        )
        assert "Your email address is verified. Sign in to continue." in page.main
        assert browser.press("Sign in", password=PASSWORD).hops == ["/help"]
        assert browser.open(mail.link).title == "Your address is already verified"

    def test_the_code_is_useless_after_the_link(self, browser, mail):
        waiting = browser.page.url
        browser.open(mail.link)
        browser.press("Verify registration")
        assert "Your email address is verified." in browser.open(waiting).main

    def test_a_code_that_is_sent_after_the_link_leads_to_the_sign_in_page(self, browser, mail, count):
        action, fields = browser.page.form("Verify registration")
        browser.open(mail.link)
        browser.press("Verify registration")
        page = browser.post(action, fields | {"code": mail.facts["code"]})
        assert "Your email address is verified. Sign in to continue." in page.main
        assert count(Resident) == 1

    def test_a_press_over_the_limit_says_so(self, browser, mail, monkeypatch, count):
        browser.open(mail.link)
        monkeypatch.setattr(RateLimiter, "network_waits", lambda *_: 60)
        page = browser.press("Verify registration")
        assert page.status == 429
        assert "You exceeded the maximum number of requests." in page.main
        assert count(Resident) == 0

    def test_a_wrong_code_can_be_corrected(self, browser, mail):
        wrong = another(mail.facts["code"])
        page = browser.press("Verify registration", code=wrong)
        assert "This is not the code in our newest email." in page.main
        assert page.form("Verify registration")[1]["code"] == wrong
        assert "is verified" in browser.press("Verify registration", code=mail.facts["code"]).main

    def test_five_wrong_codes_end_it_but_not_the_link(self, browser, mail):
        wrong = another(mail.facts["code"])
        for _ in range(5):
            browser.press("Verify registration", code=wrong)
        page = browser.press("Verify registration", code=mail.facts["code"])
        assert "This code is no longer valid." in page.main
        browser.open(mail.link)
        assert "is verified" in browser.press("Verify registration").main

    def test_a_code_expires_in_ten_minutes(self, browser, mail, clock):
        clock.advance(timedelta(minutes=10))
        assert "no longer valid" in browser.press("Verify registration", code=mail.facts["code"]).main

    def test_another_signed_in_resident_of_the_browser_is_not_taken_for_the_new_one(
        self, browser, resident, sign_up, mailbox
    ):
        browser.sign_in("jane@example.com")
        sign_up("nia@example.com")
        browser.open(mailbox.newest("nia@example.com", "verify_registration").link)
        page = browser.press("Verify registration")
        assert page.form("Sign in")[1]["email"] == "nia@example.com"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_link_changes_nothing(make_browser, mail, count, method):
    for who in (make_browser(), make_browser()):
        for _ in range(3):
            who.client.open(mail.link, method=method)
    assert count(Resident) == 0
    scanner = make_browser()
    assert scanner.open(mail.link).form("Verify registration")


class TestInAnotherBrowser:
    @pytest.fixture
    def other(self, make_browser, mail):
        person = make_browser("198.51.100.20")
        person.open(mail.link)
        return person

    def test_the_page_asks_for_the_password_and_is_not_pressed_by_a_script(self, other):
        assert "enter your password again" in other.page.main
        assert "one_click.js" not in other.page.source

    def test_a_password_manager_can_read_the_address_which_nothing_typed_there_changes(self, other):
        (field,) = other.page.root.xpath('//form//input[@autocomplete="username"]')
        assert (field.get("type"), field.get("value")) == ("email", "new@example.com")
        assert field.get("readonly") is not None
        page = other.press("Verify registration", username="pat@example.com", password=OTHER_PASSWORD)
        assert page.form("Sign in")[1]["email"] == "new@example.com"

    def test_whatever_is_typed_becomes_the_password(self, other, make_browser):
        page = other.press("Verify registration", password=OTHER_PASSWORD)
        assert "Your email address is verified. Sign in to continue." in page.main
        assert page.form("Sign in")[1]["email"] == "new@example.com"
        assert other.press("Sign in", password=OTHER_PASSWORD).hops == ["/help"]

    def test_whoever_registered_the_address_beforehand_never_gets_in(self, other, browser):
        """The sign-up in `browser` chose PASSWORD; the mailbox belongs to another person."""
        other.press("Verify registration", password=OTHER_PASSWORD)
        assert browser.sign_in("new@example.com", PASSWORD).title != "Your profile"
        assert "Unable to sign in" in browser.page.main

    def test_a_weak_password_is_refused_and_the_link_stays_good(self, other, count):
        page = other.press("Verify registration", password="too short")
        assert page.status == 422
        assert "Use at least 15 characters" in page.main
        assert count(Resident) == 0
        assert "is verified" in other.press("Verify registration", password=OTHER_PASSWORD).main

    def test_a_press_over_the_limit_says_so_at_the_field(self, other, monkeypatch, count):
        monkeypatch.setattr(RateLimiter, "network_waits", lambda *_: 60)
        page = other.press("Verify registration", password=OTHER_PASSWORD)
        assert page.status == 429
        assert "Password: You exceeded the maximum number of requests." in page.main
        assert count(Resident) == 0

    def test_nothing_typed_is_refused(self, other, count):
        page = other.press("Verify registration", password="")
        assert "This field cannot be left blank" in page.main
        assert count(Resident) == 0

    def test_a_post_without_the_field_verifies_nothing(self, other, mail, count):
        token = other.page.form("Verify registration")[1]["csrf_token"]
        other.post(mail.link, {"csrf_token": token})
        assert count(Resident) == 0

    def test_the_waiting_page_of_the_first_browser_goes_on(self, other, browser):
        waiting = browser.page.url
        other.press("Verify registration", password=OTHER_PASSWORD)
        page = browser.open(waiting)
        assert "Your email address is verified. Sign in to continue." in page.main

    def test_the_code_cannot_be_used_there(self, other, browser, mail, count):
        waiting = browser.page.url
        token = other.page.form("Verify registration")[1]["csrf_token"]
        page = other.post(waiting, {"csrf_token": token, "code": mail.facts["code"]})
        assert page.status == 400
        assert count(Resident) == 0


class TestGuessingInBreadth:
    """Each registration and each "Send it again" brings a code with five attempts of its own."""

    ADDRESS = "victim@example.org"

    @pytest.fixture
    def guess_at(self, sign_up, make_browser):
        """Return a function that registers an address from a network and types five wrong codes."""

        def guess_at(address, network):
            guesser = make_browser(network)
            sign_up(address, who=guesser)
            return [guesser.press("Verify registration", code="BCDF-GHJK").status for _ in range(5)]

        return guess_at

    def test_wrong_codes_count_over_all_registrations_of_an_address(
        self, guess_at, sign_up, make_browser, mailbox, count
    ):
        owner = make_browser("192.0.2.99")
        sign_up(self.ADDRESS, who=owner)
        right = mailbox.newest(self.ADDRESS, "verify_registration")
        for number in range(4):
            assert guess_at(self.ADDRESS, f"192.0.2.{number}") == [422] * 5
        page = owner.press("Verify registration", code=right.facts["code"])
        assert page.status == 429
        assert "Too many wrong codes were typed. Open the email and click" in page.main
        assert count(Resident) == 0

    def test_the_owner_still_has_the_link_and_another_network(
        self, guess_at, sign_up, make_browser, mailbox, count
    ):
        for number in range(5):
            guess_at(self.ADDRESS, f"192.0.2.{number}")
        owner = make_browser("198.51.100.7")
        mailbox.clear()
        sign_up(self.ADDRESS, who=owner)
        mail = mailbox.newest(self.ADDRESS, "verify_registration")
        neighbour = make_browser("192.0.2.99")
        neighbour.open(mail.link)
        assert "enter your password again" in neighbour.page.main
        assert "is verified" in owner.press("Verify registration", code=mail.facts["code"]).main
        assert count(Resident) == 1

    def test_an_address_with_an_account_is_answered_alike(self, guess_at, add_resident, make_browser):
        add_resident(self.ADDRESS)
        assert [guess_at(self.ADDRESS, f"192.0.2.{number}") for number in range(5)] == [
            guess_at("free@example.org", f"198.51.100.{number}") for number in range(5)
        ]

    def test_the_right_code_is_not_a_failure(self, sign_up, make_browser, mailbox):
        for number in range(25):
            person = make_browser(f"192.0.2.{number}")
            sign_up(f"person{number}@example.org", who=person)
            code = mailbox.newest(f"person{number}@example.org", "verify_registration").facts["code"]
            assert "is verified" in person.press("Verify registration", code=code).main


class TestLateAndWrongLinks:
    def test_a_second_click_says_already_verified(self, browser, mail):
        browser.open(mail.link)
        browser.press("Verify registration")
        page = browser.open(mail.link)
        assert page.status == 200
        assert page.title == "Your address is already verified"
        assert browser.follow("Sign in").form("Sign in")[1]["email"] == "new@example.com"

    def test_two_presses_make_one_resident(self, browser, mail, count):
        browser.open(mail.link)
        action, fields = browser.page.form("Verify registration")
        browser.post(action, fields)
        page = browser.post(action, fields)
        assert page.title == "Your address is already verified"
        assert count(Resident) == 1

    def test_an_expired_link_is_replaced_in_place(self, browser, make_browser, mail, mailbox, clock):
        clock.advance(timedelta(hours=24))
        person = make_browser()
        page = person.open(mail.link)
        assert page.status == 400
        assert "This email link has expired" in page.main
        page = person.press("Send a new email")
        assert "We sent the email again" in page.main
        newest = mailbox.newest("new@example.com", "verify_registration")
        assert newest.token != mail.token
        page = browser.open(newest.link)
        assert "Your registration waited for more than a day, so we deleted its password." in page.main
        assert "data-one-click" not in page.source
        assert "is verified" in browser.press("Verify registration", password=OTHER_PASSWORD).main
        assert browser.press("Sign in", password=OTHER_PASSWORD).hops == ["/help"]

    def test_the_code_of_the_new_mail_leads_to_the_same_page(self, browser, mail, mailbox, clock, count):
        waiting = browser.page.url
        clock.advance(timedelta(hours=24))
        browser.open(mail.link)
        browser.press("Send a new email")
        browser.open(waiting)
        code = mailbox.newest("new@example.com", "verify_registration").facts["code"]
        page = browser.press("Verify registration", code=code)
        assert "so we deleted its password" in page.main
        assert count(Resident) == 0
        assert "is verified" in browser.press("Verify registration", password=OTHER_PASSWORD).main
        assert browser.press("Sign in", password=OTHER_PASSWORD).hops == ["/help"]

    def test_an_expired_link_verifies_nothing(self, browser, mail, clock, count):
        browser.open(mail.link)
        action, fields = browser.page.form("Verify registration")
        clock.advance(timedelta(hours=24))
        browser.post(action, fields)
        assert count(Resident) == 0

    def test_an_unknown_link_has_its_own_words_and_a_way_on(self, browser):
        page = browser.open("/verify-registration?token=made-up")
        assert page.status == 400
        assert "Your account activation link is no longer valid." in page.main
        assert page.link("Create an account")
        assert page.link("Sign in")

    def test_a_tampered_link_is_unknown(self, browser):
        assert browser.open("/verify-registration?link=x#made-up").title == "This link does not work"
        for token in ("", "%00", "a" * 5000, "%F0%9F%92%A7", "'--"):
            page = browser.open(f"/verify-registration?token={token}")
            assert page.title == "Open the link from the email"

    def test_every_one_of_them_leads_back_to_the_city(self, browser, mail, clock):
        clock.advance(timedelta(days=3))
        page = browser.open(mail.link)
        assert page.link("Back to the website of the City of Pinellas Park")


def test_a_reset_link_does_not_verify(browser, resident, mailbox, at):
    browser.open(at("/forgot-password"))
    browser.press("Send Email", email="jane@example.com")
    token = mailbox.newest("jane@example.com", "reset_password").token
    assert browser.open(f"/verify-registration?token={token}").title == "This link does not work"


def test_failures_before_there_was_an_account_do_not_lock_it(browser, make_browser, sign_up, mailbox):
    stranger = make_browser()
    for _ in range(6):
        stranger.sign_in("new@example.com", "guess number one")
    sign_up()
    browser.open(mailbox.newest("new@example.com", "verify_registration").link)
    browser.press("Verify registration")
    assert browser.press("Sign in", password=PASSWORD).hops == ["/help"]


class TestTheStoredPassword:
    """It is kept no longer than it can become an account's."""

    def test_it_is_erased_when_the_registration_becomes_an_account(self, browser, mail, stored_passwords):
        assert all(stored_passwords())
        browser.open(mail.link)
        browser.press("Verify registration")
        assert stored_passwords() == [""]

    def test_with_those_of_others_that_waited_for_the_address(
        self, browser, make_browser, sign_up, mail, stored_passwords
    ):
        sign_up(who=make_browser(), password="whatever a stranger chose")
        sign_up("pat@example.com", make_browser())
        browser.open(mail.link)
        browser.press("Verify registration")
        assert sorted(bool(each) for each in stored_passwords()) == [False, False, True]

    def test_it_is_erased_when_the_registration_expires(self, mail, storage, clock, now, stored_passwords):
        def erase() -> int:
            with storage.autocommit() as connection:
                return PendingRegistrations(connection).erase_expired_passwords(clock.now(), 10)

        clock.advance(timedelta(hours=23))
        assert (erase(), len(stored_passwords()[0]) > 0) == (0, True)
        clock.advance(timedelta(hours=1))
        assert (erase(), stored_passwords()) == (1, [""])
        assert erase() == 0
