"""Steps 4 to 6 of the resident guide: "Create an account"."""

import re
from datetime import timedelta

import pytest
from identity.journeys.registration.models import PendingRegistration
from identity.outbox.models import OutboxMessage
from identity.residents.accounts.models import Resident
from identity.residents.passwords.hashing import PasswordHasher

PASSWORD = "seven herons over the pond"


@pytest.fixture
def hashes(monkeypatch):
    """Return a list that grows with every slow hash."""
    done = []
    original = PasswordHasher.hash

    def counted(self, password):
        done.append("hash")
        return original(self, password)

    monkeypatch.setattr(PasswordHasher, "hash", counted)
    return done


def test_the_page_has_the_guides_labels(browser, at):
    browser.open(at("/sign-in"))
    page = browser.follow("Sign up")
    assert page.title == "Create an account"
    for label in ("Email *", "Password *", "First name *", "Last name *", "* indicates required field"):
        assert label in page.main
    assert page.form("Sign up")
    assert page.link("Back to sign in").startswith("/sign-in")
    assert "a sentence of three or four words" in page.main


def test_every_field_tells_the_browser_what_it_is_for(browser, at):
    source = browser.open(at("/sign-up")).source
    for token in ("username", "new-password", "given-name", "family-name"):
        assert f'autocomplete="{token}"' in source


def test_afterwards_the_page_waits_for_the_mail(sign_up):
    page = sign_up("new@example.com")
    assert page.title == "Verification email sent"
    assert "To finish signing in, check your email." in page.main
    assert "new@example.com" in page.main
    assert "Community Access ID" in page.main
    assert "no-reply@id.example.gov" in page.main
    assert page.hops[0].startswith("/sign-up/check-email?")


def test_nothing_exists_until_the_address_is_verified(sign_up, browser, count):
    sign_up("new@example.com")
    assert count(Resident) == 0
    assert browser.sign_in("new@example.com").title != "Your profile"


def test_the_mail_has_a_link_and_a_code_and_the_citys_looks(sign_up, mailbox):
    sign_up("New.Person@Example.com")
    mail = mailbox.newest("New.Person@example.com", "verify_registration")
    assert mail.facts["link"].startswith("http://localhost:8000/verify-registration?link=")
    assert re.fullmatch("[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}", mail.facts["code"])
    assert mail.city_id == "pinellas-park"
    assert mail.language == "en"


def test_the_password_is_stored_as_a_hash_only(sign_up, storage):
    sign_up()
    with storage.transaction() as tx:
        pending = tx.query(PendingRegistration).one()
    assert PASSWORD not in str(vars(pending))
    assert pending.password_hash.startswith("$argon2id$")


class TestTakenAddress:
    def test_the_answer_is_the_same_and_costs_the_same(
        self, sign_up, make_browser, resident, federated, hashes, mailbox, count
    ):
        seen, work = [], []
        for email in ("free@example.com", "jane@example.com", "gina@example.com"):
            hashes.clear()
            mailbox.clear()
            page = sign_up(email, make_browser())
            _, fields = page.form("Verify registration")
            registration = page.url.split("registration=")[1].split("&")[0]
            body = page.source.replace(email, "").replace(fields["csrf_token"], "").replace(registration, "")
            seen.append((page.status, body))
            work.append((len(hashes), count(OutboxMessage)))
        assert seen[0] == seen[1] == seen[2]
        assert work == [(1, 1)] * 3

    def test_its_owner_is_told_by_mail(self, sign_up, resident, mailbox):
        sign_up("jane@example.com")
        (mail,) = mailbox.all()
        assert mail.template == "already_registered"
        assert set(mail.facts) == {"sign_in_link", "reset_link", "stop_link"}

    def test_a_federated_owner_is_told_their_provider(self, sign_up, federated, mailbox):
        sign_up("gina@example.com")
        (mail,) = mailbox.all()
        assert (mail.template, mail.facts["provider"]) == ("use_your_provider", "google")

    def test_wrong_codes_are_answered_alike(self, sign_up, make_browser, resident):
        answers = []
        for email in ("free@example.com", "jane@example.com"):
            person = make_browser()
            sign_up(email, person)
            words = []
            for _ in range(7):
                page = person.press("Verify registration", code="no code")
                words.append((page.status, page.main.replace(email, "")))
            answers.append(words)
        assert answers[0] == answers[1]

    def test_sending_again_is_answered_alike(self, sign_up, make_browser, resident, clock, mailbox):
        answers = []
        for email in ("free@example.com", "jane@example.com"):
            person = make_browser()
            sign_up(email, person)
            clock.advance(timedelta(minutes=1))
            answers.append(person.press("Send it again").main.replace(email, ""))
        assert answers[0] == answers[1]
        assert len(mailbox.all()) == 4


class TestWeakPasswords:
    @pytest.mark.parametrize(
        ("password", "words"),
        [
            ("sixletters", "too short"),
            ("x" * 129, "too long"),
            ("abcabcabcabcabcabc", "lists that attackers try first"),
            ("PinellasPark2026!", "the name of this service"),
            ("letmeinletmein1", "one very much like it, is on the lists"),
            ("january152003xx", "easy to guess"),
        ],
    )
    def test_are_refused_with_what_to_do(self, sign_up, password, words, count):
        page = sign_up(password=password)
        assert page.status == 422
        assert words in page.main
        assert password not in page.source
        assert page.form("Sign up")[1]["first_name"] == "Nia"
        assert count(PendingRegistration) == 0

    def test_the_residents_own_name_is_one(self, sign_up):
        page = sign_up(
            first_name="Maximiliana", last_name="Featherstone", password="maximiliana featherstone"
        )
        assert "made of your name" in page.main

    @pytest.mark.parametrize(
        ("password", "language", "words"),
        [
            ("PinellasPark2026!", "en", "a city or the name of this service"),
            ("supercalifragilisticexpialidocious", "es", "fácil de adivinar"),
        ],
    )
    def test_are_refused_where_no_city_is_known_too(self, browser, password, language, words):
        browser.open(f"/sign-up?lang={language}")
        fields = {"email": "new@example.com", "first_name": "Nia", "last_name": "Lopez"}
        button = {"en": "Sign up", "es": "Registrarse"}[language]
        page = browser.press(button, fields | {"password": password})
        assert words in page.main
        assert password not in page.source

    def test_the_minimum_is_named(self, sign_up):
        assert "Use at least 15 characters" in sign_up(password="too short").main

    def test_are_named_together_with_the_other_errors(self, sign_up):
        page = sign_up(email="nia", password="too short")
        assert "This value is not a valid email address" in page.main
        assert "Use at least 15 characters" in page.main

    def test_any_script_and_blanks_are_welcome(self, sign_up):
        assert sign_up(password="siete garzas sobre el charco ñandú 鶴").title == "Verification email sent"


class TestWaitingPage:
    def test_belongs_to_the_browser_that_asked(self, sign_up, make_browser):
        page = sign_up()
        stranger = make_browser().open(page.url)
        assert stranger.status == 400
        assert "new@example.com" not in stranger.text
        assert stranger.link("Create an account")

    def test_the_address_can_be_changed_without_typing_the_name_again(self, sign_up, browser, mailbox):
        sign_up("typo@example.com")
        _, fields = browser.follow("Change the address").form("Sign up")
        assert fields["email"] == "typo@example.com"
        assert (fields["first_name"], fields["last_name"]) == ("Nia", "Lopez")
        browser.press("Sign up", email="right@example.com", password=PASSWORD)
        assert mailbox.newest("right@example.com", "verify_registration")

    def test_send_it_again_cools_down(self, sign_up, browser, mailbox, clock):
        sign_up()
        assert "Some mailboxes hold back the first email from a new sender" in browser.page.main
        assert "We sent the email again" in browser.press("Send it again").main
        assert "another one in 30 seconds" in browser.press("Send it again").main
        assert len(mailbox.all()) == 2
        clock.advance(timedelta(minutes=1))
        browser.press("Send it again")
        assert len(mailbox.all()) == 3

    def test_the_link_before_goes_on_working(self, sign_up, browser, mailbox, clock):
        sign_up()
        first = mailbox.newest("new@example.com", "verify_registration")
        clock.advance(timedelta(minutes=1))
        browser.press("Send it again")
        browser.open(first.link)
        assert "is verified" in browser.press("Verify registration").main

    def test_one_link_of_several_spends_the_others(self, sign_up, browser, mailbox, clock, count):
        sign_up()
        clock.advance(timedelta(minutes=1))
        browser.press("Send it again")
        first, second = mailbox.of("new@example.com")
        browser.open(first.link)
        browser.press("Verify registration")
        assert browser.open(second.link).title == "Your address is already verified"
        assert count(Resident) == 1

    def test_the_answer_is_the_same_when_no_mail_is_sent_any_more(self, sign_up, browser, mailbox, clock):
        sign_up()
        for _ in range(20):
            clock.advance(timedelta(minutes=1))
            page = browser.press("Send it again")
            assert "We sent the email again, unless you had one a short while ago" in page.main
        assert len(mailbox.all()) == 4

    def test_what_is_not_mailed_does_not_replace_the_code_that_was(self, sign_up, browser, mailbox, clock):
        sign_up()
        clock.advance(timedelta(minutes=1))
        browser.press("Send it again")
        clock.advance(timedelta(seconds=30))
        code = mailbox.of("new@example.com")[-1].facts["code"]
        browser.press("Send it again")
        assert len(mailbox.all()) == 2
        assert "is verified" in browser.press("Verify registration", code=code).main

    def test_reload_after_sign_up_sends_nothing(self, sign_up, browser, mailbox):
        page = sign_up()
        browser.open(page.url)
        assert len(mailbox.all()) == 1

    def test_an_expired_page_is_shown_again_with_the_code(self, sign_up, browser):
        page = sign_up()
        again = browser.post(page.url, {"csrf_token": "old", "code": "123456"})
        assert again.status == 400
        assert again.form("Verify registration")[1]["code"] == "123456"


def test_an_expired_form_is_shown_again_with_what_was_typed(browser, at, count):
    typed = {"email": "pat@example.com", "password": PASSWORD, "first_name": "Pat", "last_name": "Lee"}
    page = browser.post(at("/sign-up"), typed | {"csrf_token": "old"})
    _, fields = page.form("Sign up")
    assert page.status == 400
    assert {**typed, "password": ""} == {name: fields[name] for name in typed}
    assert PASSWORD not in page.source
    assert count(PendingRegistration) == 0


def test_several_may_wait_for_one_address_and_the_first_verified_wins(
    sign_up, browser, make_browser, mailbox, clock
):
    other = make_browser()
    sign_up("wanted@example.com", other, first_name="Olga")
    first = mailbox.newest("wanted@example.com", "verify_registration")
    mailbox.clear()
    sign_up("wanted@example.com", browser, first_name="Nia")
    second = mailbox.newest("wanted@example.com", "verify_registration")
    browser.open(second.link)
    browser.press("Verify registration")
    other.open(first.link)
    assert other.page.title == "Your address is already verified"
    browser.sign_in("wanted@example.com")
    assert "Nia Lopez" in browser.open("/profile").main
