"""The sign-in page: step 8 of the resident guide, and everything that can go wrong with it."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from identity.audit.events import Event
from identity.audit.models import AuditEvent
from identity.continuation import Continuation
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.models import Password
from identity.residents.passwords.store import Passwords
from identity.residents.sessions.models import Session

PASSWORD = "seven herons over the pond"
WRONG = "wrong password"
REMEMBERED = 30 * 24 * 60 * 60


@pytest.fixture
def hashes(monkeypatch):
    """Return a list that grows with every slow hash."""
    done = []
    for name in ("hash", "verify"):
        original = getattr(PasswordHasher, name)

        def counted(self, *arguments: str, _original=original, _name=name):
            done.append(_name)
            return _original(self, *arguments)

        monkeypatch.setattr(PasswordHasher, name, counted)
    return done


def test_the_page_has_the_guides_labels_in_the_guides_order(browser, at):
    page = browser.open(at("/sign-in"))
    assert page.main == (
        "Sign in to community access services. Email address Password Show password Remember me Sign in"
        " Forgot password? Unlock account? Help Don't have an account? Sign up"
    )


def test_there_is_no_or_without_a_provider_to_choose(browser, at):
    assert " OR " not in browser.open(at("/sign-in")).main


def test_a_right_password_leads_to_where_the_resident_was_going(browser, resident, at):
    page = browser.sign_in("jane@example.com", url=at("/sign-in"))
    assert page.hops == ["/help"]


def test_the_address_is_compared_without_regard_to_case(browser, resident):
    assert browser.sign_in(" JANE@Example.com ").title == "Your profile"


def test_someone_who_came_by_themselves_lands_on_their_profile(browser, resident):
    assert browser.sign_in("jane@example.com").title == "Your profile"


def test_someone_already_signed_in_goes_on_without_a_form(browser, resident, at):
    browser.sign_in("jane@example.com")
    assert browser.open(at("/sign-in")).hops == ["/help"]


class TestEveryFailureLooksTheSame:
    def _failed(self, browser, email, password=WRONG):
        page = browser.sign_in(email, password)
        _, fields = page.form("Sign in")
        return page.status, page.source.replace(fields["csrf_token"], "").replace(email, "")

    def test_unknown_wrong_federated_disabled_and_pending(
        self, browser, make_browser, resident, federated, add_resident, disable, sign_up
    ):
        gone = add_resident("gone@example.com").id
        disable(gone)
        sign_up("pending@example.com")
        wrong = self._failed(make_browser(), "jane@example.com")
        assert "Unable to sign in" in wrong[1]
        assert wrong[0] == 422
        for email in ("nobody@example.com", "gina@example.com", "gone@example.com"):
            assert self._failed(make_browser(), email) == wrong
        assert self._failed(make_browser(), "pending@example.com", PASSWORD) == wrong

    def test_and_costs_the_same(self, make_browser, resident, federated, disable, add_resident, hashes):
        disable(add_resident("gone@example.com").id)
        for email in ("jane@example.com", "nobody@example.com", "gina@example.com", "gone@example.com"):
            hashes.clear()
            self._failed(make_browser(), email)
            assert hashes == ["verify"], email

    def test_a_locked_address_refuses_the_right_password_in_the_same_words_and_time(
        self, make_browser, resident, hashes
    ):
        for _ in range(5):
            wrong = self._failed(make_browser(), "jane@example.com")
        hashes.clear()
        assert self._failed(make_browser(), "jane@example.com", PASSWORD) == wrong
        assert hashes == ["verify"]


def test_the_password_is_never_sent_back(browser, resident):
    page = browser.sign_in("jane@example.com", "my wrong password")
    assert "my wrong password" not in page.source
    assert page.form("Sign in")[1]["email"] == "jane@example.com"


def test_a_wait_ends(browser, resident, clock):
    for _ in range(5):
        browser.sign_in("jane@example.com", "wrong password")
    assert browser.sign_in("jane@example.com").title != "Your profile"
    clock.advance(timedelta(seconds=5))
    assert browser.sign_in("jane@example.com").title == "Your profile"


def test_a_stranger_cannot_lock_the_owner_out_of_a_device_used_before(browser, make_browser, resident):
    browser.sign_in("jane@example.com")
    browser.open("/sign-out")
    browser.press("Sign out")
    # On the same network, where a wait would hit the owner too.
    stranger = make_browser()
    for _ in range(6):
        stranger.sign_in("jane@example.com", "wrong password")
    assert browser.sign_in("jane@example.com").title == "Your profile"


def test_a_device_cookie_serves_only_the_addresses_that_used_it(
    browser, make_browser, resident, add_resident
):
    browser.sign_in("jane@example.com")
    add_resident("other@example.com")
    stranger = make_browser()
    stranger.client.set_cookie("device", browser.cookie("device"))
    for _ in range(5):
        stranger.sign_in("other@example.com", "wrong password")
    # Counted by network, so a browser without the cookie waits too.
    assert make_browser().sign_in("other@example.com", "x").status == 422
    assert stranger.cookie("device") == browser.cookie("device")


def test_the_device_cookie_names_nobody(browser, resident):
    browser.sign_in("jane@example.com")
    assert "jane" not in browser.cookie("device")


def test_the_owner_learns_of_a_lock_once_by_mail_with_a_link_that_unlocks(browser, resident, mailbox, clock):
    for _ in range(12):
        browser.sign_in("jane@example.com", "wrong password")
        clock.advance(timedelta(minutes=2))
    mails = [mail for mail in mailbox.of("jane@example.com") if mail.template == "account_locked"]
    assert len(mails) == 1
    assert browser.open(mails[0].link).title == "Unlock account"


def test_an_unknown_address_gets_no_mail_about_failures(browser, mailbox, clock):
    for _ in range(12):
        browser.sign_in("nobody@example.com", "wrong password")
        clock.advance(timedelta(minutes=2))
    assert mailbox.all() == []


def test_a_federated_resident_is_told_by_mail_at_most_once_an_hour(browser, federated, mailbox, clock):
    for _ in range(3):
        browser.sign_in("gina@example.com", "some password")
    assert [(m.template, m.facts["provider"]) for m in mailbox.all()] == [("use_your_provider", "google")]
    clock.advance(timedelta(hours=1))
    browser.sign_in("gina@example.com", "some password")
    assert len(mailbox.all()) == 2


class TestSession:
    def test_its_cookie_is_httponly_lax_and_ends_with_the_browser(self, browser, resident):
        browser.sign_in("jane@example.com")
        cookie = browser.client.get_cookie("session")
        assert cookie.http_only
        assert cookie.same_site == "Lax"
        assert cookie.max_age is None
        assert cookie.path == "/"

    def test_remember_me_keeps_it_for_thirty_days(self, browser, resident, clock):
        browser.sign_in("jane@example.com", remember_me="yes")
        assert browser.client.get_cookie("session").max_age == REMEMBERED
        clock.advance(timedelta(days=29))
        assert browser.open("/profile").title == "Your profile"
        clock.advance(timedelta(days=2))
        assert browser.open("/profile").title != "Your profile"

    def test_without_it_half_an_hour_of_idleness_ends_it(self, browser, resident, clock):
        browser.sign_in("jane@example.com")
        clock.advance(timedelta(minutes=29))
        assert browser.open("/profile").title == "Your profile"
        clock.advance(timedelta(minutes=31))
        assert browser.open("/profile").title == "Sign in to community access services."

    def test_each_sign_in_has_a_secret_of_its_own(self, browser, resident):
        browser.client.set_cookie("session", "planted-by-somebody-else")
        browser.sign_in("jane@example.com")
        first = browser.cookie("session")
        assert first != "planted-by-somebody-else"
        browser.client.delete_cookie("session")
        browser.sign_in("jane@example.com")
        assert browser.cookie("session") != first

    def test_the_protection_of_forms_is_renewed_with_it(self, browser, resident):
        before = browser.open("/sign-in").form("Sign in")[1]["csrf_token"]
        browser.sign_in("jane@example.com")
        page = browser.post("/sign-out", {"csrf_token": before})
        assert page.title == "Sign out"
        assert browser.open("/profile").title == "Your profile"

    def test_another_resident_in_the_same_browser_ends_the_first_session(
        self, browser, resident, add_resident, storage, hasher, now, count
    ):
        browser.sign_in("jane@example.com")
        first = browser.cookie("session")
        other = add_resident("other@example.com")
        with storage.transaction() as tx:
            tx.add(Password(resident_id=other.id, hash=hasher.hash(PASSWORD), changed_at=now))
        browser.sign_in("other@example.com", url="/sign-in?show=form")
        assert "other@example.com" in browser.open("/profile").text
        browser.client.set_cookie("session", first)
        assert browser.open("/profile").title != "Your profile"


class TestReauthentication:
    @pytest.fixture
    def again(self, at):
        return at("/sign-in", Continuation(path="/help", reauthenticate=True))

    def test_the_form_is_shown_with_the_address_filled_in(self, browser, resident, again):
        browser.sign_in("jane@example.com")
        page = browser.open(again)
        assert "Please enter your password once more to go on." in page.main
        assert page.form("Sign in")[1]["email"] == "jane@example.com"
        assert "Remember me" not in page.main

    def test_success_keeps_the_session_and_changes_its_secret(
        self, browser, resident, again, storage, clock, count
    ):
        browser.sign_in("jane@example.com", remember_me="yes")
        before = browser.cookie("session")
        clock.advance(timedelta(hours=1))
        browser.open(again)
        page = browser.press("Sign in", password=PASSWORD)
        assert page.hops == ["/help"]
        assert browser.cookie("session") != before
        assert browser.client.get_cookie("session").max_age == REMEMBERED
        assert count(Session) == 1
        with storage.transaction() as tx:
            assert tx.query(Session).one().authenticated_at == clock.now()

    def test_not_you_offers_an_empty_form(self, browser, resident, again):
        browser.sign_in("jane@example.com")
        browser.open(again)
        assert browser.follow("Not you?").form("Sign in")[1]["email"] == ""


def test_a_weaker_hash_is_replaced_at_sign_in(browser, resident, storage, monkeypatch):
    monkeypatch.setattr(PasswordHasher, "needs_rehash", lambda _self, _hash: True)
    with storage.transaction() as tx:
        before = tx.get_one(Password, resident).hash
    browser.sign_in("jane@example.com")
    with storage.transaction() as tx:
        assert tx.get_one(Password, resident).hash != before
    browser.open("/sign-out")
    browser.press("Sign out")
    assert browser.sign_in("jane@example.com").title == "Your profile"


@pytest.mark.parametrize("around", [(" ", ""), ("", "\u00a0"), ("\t", "\r\n")])
def test_a_blank_pasted_along_with_the_password_is_forgiven(browser, resident, around):
    assert browser.sign_in("jane@example.com", PASSWORD.join(around)).title == "Your profile"


def test_success_and_failure_are_recorded_without_personal_data(browser, resident, storage):
    browser.sign_in("jane@example.com", "wrong password")
    browser.sign_in("jane@example.com")
    with storage.transaction() as tx:
        events = {row.event: row for row in tx.query(AuditEvent)}
    assert events[Event.SIGN_IN_FAILED].resident_id == resident
    assert events[Event.SIGN_IN_SUCCEEDED].session_id
    assert "jane" not in str([row.details for row in events.values()])


def test_two_tabs_the_second_one_goes_on_after_the_first_signed_in(browser, resident, at):
    browser.open(at("/sign-in"))
    action, fields = browser.page.form("Sign in")
    browser.sign_in("jane@example.com", url=at("/sign-in"))
    page = browser.post(action, fields | {"email": "jane@example.com", "password": PASSWORD})
    assert page.hops == ["/help"]


def test_an_expired_page_keeps_the_address_and_the_way_back(browser, at):
    page = browser.post(at("/sign-in"), {"csrf_token": "old", "email": "pat@example.com", "password": "x"})
    assert page.status == 400
    assert "Your session has expired. Please try to sign in again." in page.main
    assert page.form("Sign in")[1]["email"] == "pat@example.com"
    assert page.link("Back to the website of the City of Pinellas Park") == "http://127.0.0.1:8090/"


def test_a_form_sent_by_another_website_is_not_accepted(browser, resident):
    browser.open("/sign-in")
    action, fields = browser.page.form("Sign in")
    sent = fields | {"email": "jane@example.com", "password": PASSWORD}
    page = browser.post(action, sent, **{"Sec-Fetch-Site": "cross-site"})
    assert page.status == 400
    assert browser.cookie("session") is None


class TestOnTheWayFromAClient:
    """From `/authorize` through the pages and back to the client."""

    def _authorize(self, **more: str):
        query = {
            "client_id": "citizen-self-service",
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": "http://127.0.0.1:8080/sign-in/callback",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        }
        return f"/authorize?{urlencode(query | more)}"

    def _arrived(self, page):
        return page.hops[-1].startswith("http://127.0.0.1:8080/sign-in/callback?code=")

    def test_signing_in_leads_back_with_a_code(self, browser, resident):
        assert browser.open(self._authorize()).title == "Sign in to community access services."
        assert self._arrived(browser.press("Sign in", email="jane@example.com", password=PASSWORD))

    def test_the_form_may_end_at_the_client(self, browser):
        page = browser.open(self._authorize())
        assert "form-action 'self' http://127.0.0.1:8080" in page.response.headers["Content-Security-Policy"]

    def test_signing_up_does_too(self, browser, mailbox):
        browser.open(self._authorize(prompt="create"))
        fields = {"email": "new@example.com", "password": PASSWORD, "first_name": "Nia", "last_name": "Lopez"}
        browser.press("Sign up", fields)
        browser.open(mailbox.newest("new@example.com", "verify_registration").link)
        browser.press("Verify registration")
        assert self._arrived(browser.press("Sign in", password=PASSWORD))

    def test_verified_in_another_browser_the_resident_starts_over_at_the_client(
        self, browser, make_browser, mailbox
    ):
        browser.open(self._authorize(prompt="create"))
        fields = {"email": "new@example.com", "password": PASSWORD, "first_name": "Nia", "last_name": "Lopez"}
        browser.press("Sign up", fields)
        other = make_browser()
        other.open(mailbox.newest("new@example.com", "verify_registration").link)
        other.press("Verify registration", password=PASSWORD)
        page = other.press("Sign in", password=PASSWORD)
        assert page.hops[-1].startswith("http://127.0.0.1:8080/sign-in?")

    def test_a_live_session_needs_no_page_at_all(self, browser, resident):
        browser.sign_in("jane@example.com")
        assert self._arrived(browser.open(self._authorize()))

    def test_prompt_login_asks_once_more_and_then_leads_back(self, browser, resident, clock):
        browser.sign_in("jane@example.com")
        clock.advance(timedelta(minutes=1))
        page = browser.open(self._authorize(prompt="login"))
        assert "Please enter your password once more" in page.main
        assert page.form("Sign in")[1]["email"] == "jane@example.com"
        assert self._arrived(browser.press("Sign in", password=PASSWORD))

    def test_select_account_lets_somebody_else_in(
        self, browser, resident, add_resident, storage, hasher, now, clock
    ):
        other = add_resident("other@example.com")
        with storage.transaction() as tx:
            Passwords(tx).set_password(other.id, hasher.hash(PASSWORD), now)
        browser.sign_in("jane@example.com")
        clock.advance(timedelta(minutes=1))
        browser.open(self._authorize(prompt="select_account"))
        browser.follow("Use another account")
        assert browser.page.form("Sign in")[1]["email"] == ""
        assert self._arrived(browser.press("Sign in", email="other@example.com", password=PASSWORD))
        assert "other@example.com" in browser.open("/profile").text
