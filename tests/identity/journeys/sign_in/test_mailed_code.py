"""After too many failures a right password makes a code go to the resident, and looks like a wrong one."""

from datetime import timedelta

import pytest
from identity.audit.events import Event
from identity.audit.models import AuditEvent
from identity.residents.lockout.store import Lockout, Status
from identity.residents.sign_in_codes.models import SignInCode
from sent_statements import sent_statements

PASSWORD = "seven herons over the pond"
WRONG = "wrong password"
JANE = "jane@example.com"
LIBRARY = "198.51.100.9"


@pytest.fixture
def stop(storage, secret_keys, clock):
    """Let strangers in as many networks as it takes guess at an address until they are stopped."""

    def from_everywhere(email=JANE):
        with storage.autocommit() as connection:
            for number in range(110):
                Lockout(connection, secret_keys).count_attempt(
                    email, f"network:10.0.{number}.0/24", clock.now()
                )

    return from_everywhere


@pytest.fixture
def library(make_browser):
    """Return a browser that the resident never used, in a network that the resident never used."""
    return make_browser(LIBRARY)


@pytest.fixture
def code(mailbox):
    """Return a function that reads the newest mailed code."""
    return lambda: mailbox.newest(JANE, "sign_in_code").facts["code"]


def enter(browser, code):
    """Type a code on the page that the failure leads to."""
    browser.follow("Enter the code")
    return browser.press("Sign in", code=code)


class TestTheOwnerGetsIn:
    def test_with_the_right_password_and_the_mailed_code(self, library, resident, stop, code, at):
        stop()
        assert library.sign_in(JANE, url=at("/sign-in")).status == 422
        assert enter(library, code()).hops == ["/help"]

    def test_and_the_browser_is_known_from_then_on(self, library, resident, stop, code, clock):
        stop()
        library.sign_in(JANE)
        enter(library, code())
        library.open("/sign-out")
        library.press("Sign out")
        clock.advance(timedelta(days=1))
        stop()
        assert library.sign_in(JANE).title == "Your profile"

    def test_during_a_wait_too(self, library, make_browser, resident, code):
        stranger = make_browser(LIBRARY)
        for _ in range(10):
            stranger.sign_in(JANE, WRONG)
        library.sign_in(JANE)
        assert enter(library, code()).title == "Your profile"

    def test_remembered_if_the_form_said_so(self, library, resident, stop, code):
        stop()
        library.sign_in(JANE, remember_me="yes")
        enter(library, code())
        assert library.client.get_cookie("session").max_age == 30 * 24 * 60 * 60

    @pytest.mark.parametrize("separator", ["", " ", "-", "\u2013"])
    def test_however_it_is_typed(self, library, resident, stop, code, separator):
        stop()
        library.sign_in(JANE)
        typed = f" {code().replace('-', separator).lower()} "
        assert enter(library, typed).title == "Your profile"

    def test_at_home_and_on_a_known_device_with_the_password_alone(
        self, browser, make_browser, resident, stop
    ):
        browser.sign_in(JANE)
        stop()
        browser.open("/sign-out")
        browser.press("Sign out")
        assert browser.sign_in(JANE).title == "Your profile"
        assert make_browser().sign_in(JANE).title == "Your profile"


class TestItTellsNoGuesserAnything:
    def seen(self, browser, email, password):
        with sent_statements() as asked:
            page = browser.sign_in(email, password)
        _, fields = page.form("Sign in")
        return (
            page.status,
            page.source.replace(fields["csrf_token"], "").replace(email, ""),
            [text for text, _ in asked],
        )

    def test_right_and_wrong_have_one_page_and_the_same_statements(self, make_browser, resident, stop):
        stop()
        # The second refusal in an hour is recorded as such, whatever the password is.
        for _ in range(2):
            self.seen(make_browser(LIBRARY), JANE, WRONG)
        wrong = self.seen(make_browser(LIBRARY), JANE, WRONG)
        assert self.seen(make_browser(LIBRARY), JANE, PASSWORD) == wrong
        assert self.seen(make_browser(LIBRARY), JANE, WRONG) == wrong

    def test_an_unknown_address_has_that_page_too(self, make_browser, resident, stop):
        stop()
        stop("pat@example.com")
        known = self.seen(make_browser(LIBRARY), JANE, PASSWORD)
        assert self.seen(make_browser(LIBRARY), "pat@example.com", PASSWORD)[:2] == known[:2]
        # And one at which no guess was made.
        assert self.seen(make_browser(LIBRARY), "sam@example.com", PASSWORD)[:2] == known[:2]

    def test_the_page_for_the_code_is_the_same_for_all(self, make_browser, resident, stop):
        stop()
        pages = []
        for email, password in ((JANE, PASSWORD), (JANE, WRONG), ("pat@example.com", PASSWORD)):
            browser = make_browser(LIBRARY)
            browser.sign_in(email, password)
            with sent_statements() as asked:
                page = enter(browser, "BCDF-GHJK")
            source = page.source.replace(page.form("Sign in")[1]["csrf_token"], "").replace(email, "")
            pages.append((page.status, source, [text for text, _ in asked]))
        assert pages[0] == pages[1]
        assert pages[0][:2] == pages[2][:2]
        assert pages[0][0] == 422

    def test_only_a_right_password_mails(self, library, resident, federated, stop, count, mailbox):
        for email in (JANE, "gina@example.com", "pat@example.com"):
            stop(email)
            library.sign_in(email, WRONG)
        assert [mail.template for mail in mailbox.all() if mail.template == "sign_in_code"] == []
        library.sign_in("gina@example.com", PASSWORD)
        library.sign_in("pat@example.com", PASSWORD)
        assert {mail.template for mail in mailbox.all()} <= {"use_your_provider"}
        assert count(SignInCode) == 5

    def test_the_mail_says_what_to_do_if_it_was_another_person(self, library, resident, stop, mailbox):
        stop()
        library.sign_in(JANE)
        assert "/forgot-password" in mailbox.newest(JANE, "sign_in_code").facts["reset_link"]


class TestACode:
    def test_works_in_the_browser_that_typed_the_password_alone(
        self, library, make_browser, resident, stop, code
    ):
        stop()
        library.sign_in(JANE)
        other = make_browser(LIBRARY)
        other.sign_in(JANE, WRONG)
        assert enter(other, code()).status == 422
        assert enter(library, code()).title == "Your profile"

    def test_works_once(self, library, make_browser, resident, stop, code):
        stop()
        library.sign_in(JANE)
        enter(library, code())
        again = make_browser(LIBRARY)
        again.client.set_cookie("registration", library.cookie("registration"))
        again.sign_in("pat@example.com", WRONG)
        again.open("/sign-in")
        again.press("Sign in", email=JANE, password=WRONG)
        assert enter(again, code()).status == 422

    def test_takes_five_attempts(self, library, resident, stop, code):
        stop()
        library.sign_in(JANE)
        for _ in range(5):
            assert enter(library, "BCDF-GHJK").status == 422
            library.open("/sign-in")
            library.press("Sign in", email=JANE, password=WRONG)
        assert enter(library, code()).status == 422

    def test_ends_ten_minutes_after_its_mail(self, library, resident, stop, code, clock):
        stop()
        library.sign_in(JANE)
        clock.advance(timedelta(minutes=10))
        assert enter(library, code()).status == 422

    def test_is_worth_nothing_once_the_password_is_another(
        self, library, make_browser, resident, stop, code, mailbox
    ):
        stop()
        library.sign_in(JANE)
        owner = make_browser()
        owner.open("/forgot-password")
        owner.press("Send Email", email=JANE)
        owner.open(mailbox.newest(JANE, "reset_password").link)
        owner.press("Reset your password", password="four tall palms in the wind")
        assert enter(library, code()).status == 422

    def test_is_worth_nothing_once_the_resident_is_disabled(self, library, resident, stop, code, disable):
        stop()
        library.sign_in(JANE)
        disable(resident)
        assert enter(library, code()).status == 422

    def test_stays_good_while_the_password_is_typed_wrongly(self, library, resident, stop, code):
        stop()
        library.sign_in(JANE)
        library.sign_in(JANE, WRONG)
        assert enter(library, code()).title == "Your profile"


def test_one_password_mails_five_codes_a_day_and_the_last_one_stays_good(
    library, resident, stop, mailbox, clock
):
    stop()
    for _ in range(7):
        library.sign_in(JANE)
        clock.advance(timedelta(seconds=1))
    codes = [mail.facts["code"] for mail in mailbox.of(JANE) if mail.template == "sign_in_code"]
    assert len(codes) == 5
    assert enter(library, codes[-1]).title == "Your profile"


def test_wrong_passwords_use_up_no_mail(library, make_browser, resident, stop, code):
    stop()
    stranger = make_browser("10.0.0.9")
    for _ in range(20):
        stranger.sign_in(JANE, WRONG)
    library.sign_in(JANE)
    assert enter(library, code()).title == "Your profile"


def test_the_page_without_an_address_leads_to_the_sign_in_page(browser):
    assert browser.open("/sign-in/code").title == "Sign in to community access services."


def test_an_expired_page_shows_the_form_again(browser, resident):
    browser.sign_in(JANE, WRONG)
    page = browser.post("/sign-in/code", {"csrf_token": "old", "code": "BCDF-GHJK"})
    assert page.status == 400
    assert page.form("Sign in")[1]["code"] == "BCDF-GHJK"


def test_it_is_recorded_without_the_code(library, resident, stop, code, storage):
    stop()
    library.sign_in(JANE)
    enter(library, "BCDF-GHJK")
    library.open("/sign-in/code")
    library.press("Sign in", code=code())
    with storage.transaction() as tx:
        rows = tx.query(AuditEvent).all()
    events = {(row.event, row.details.get("code")) for row in rows}
    assert {
        (Event.SIGN_IN_LOCKED, "mailed"),
        (Event.SIGN_IN_FAILED, "wrong"),
        (Event.SIGN_IN_SUCCEEDED, "mailed"),
    } <= events
    assert code() not in str([row.details for row in rows])


def test_it_lets_the_next_sign_in_of_a_stranger_count_anew(
    library, resident, stop, code, storage, secret_keys, now
):
    stop()
    library.sign_in(JANE)
    enter(library, code())
    with storage.autocommit() as connection:
        state = Lockout(connection, secret_keys).state(JANE, "network:192.0.2.0/24", now)
    assert state.status is Status.OPEN


def test_the_outbox_keeps_no_mail_of_a_wrong_password(library, resident, stop, mailbox):
    stop()
    before = len(mailbox.all())
    library.sign_in(JANE, WRONG)
    assert len(mailbox.all()) == before
