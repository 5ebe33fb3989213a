"""The first sign-in through a provider: from its button to a resident with that method for good."""

from datetime import timedelta

import pytest
from identity.journeys.federation.models import FirstSignIn
from identity.mail_refusals import StoredRefusals
from identity.residents.federated_identities.models import FederatedIdentity
from identity.residents.passwords.models import Password
from mailed_codes import another
from sqlalchemy import select

# Provider, person, name, address: the claims of a person whose address the provider has verified.
PROVED = [
    ("google", "grace", "Grace Morales", "grace.morales@gmail.com"),
    ("apple", "samuel", "Samuel Ortiz", "samuel.ortiz@icloud.com"),
    ("apple", "rosa", "Rosa Delgado", "x7k2m9q4tz@privaterelay.appleid.com"),
    ("microsoft", "patricia", "Patricia Hall", "patricia.hall@outlook.com"),
    ("logingov", "louise", "Louise Hart", "louise@example.gov"),
]


@pytest.mark.parametrize(("provider", "person", "name", "address"), PROVED)
def test_a_proved_address_and_a_name_make_a_resident_at_once(
    traveller, residents, mailbox, count, clock, provider, person, name, address
):
    page = traveller.sign_in(provider, person)
    assert page.title == "Your profile"
    assert name in page.main
    assert address in page.main
    (resident,) = residents()
    assert (resident.sign_in_method, resident.email) == (provider, address)
    assert resident.email_verified_at == clock.now()
    assert mailbox.all() == []
    assert count(Password) == 0


def test_the_resident_goes_on_to_the_website_they_came_from(traveller, at):
    page = traveller.sign_in("google", "grace", at("/sign-in"))
    assert page.hops[-1] == "/help"


def test_the_session_says_what_the_provider_said_of_how_it_knew_the_person(
    traveller, behaviours, live_sessions
):
    behaviours["google"].claims = {"amr": ["pwd", "otp", "something of their own"]}
    traveller.sign_in("google", "grace")
    (session,) = live_sessions()
    assert session.amr == "pwd otp"


def test_a_provider_that_says_nothing_of_it_leaves_that_empty(traveller, live_sessions):
    traveller.sign_in("google", "grace")
    (session,) = live_sessions()
    assert session.amr == ""
    assert not session.remembered


def test_the_language_of_the_page_becomes_that_of_the_mails(traveller, residents):
    traveller.sign_in("google", "grace", "/sign-in?lang=es")
    assert residents()[0].language == "es"


def test_a_missing_name_is_asked_for_and_nothing_else(traveller, behaviours, residents, at, mailbox):
    behaviours["google"].claims = {"given_name": None, "family_name": None}
    page = traveller.sign_in("google", "grace", at("/sign-in"))
    assert page.title == "One more step"
    assert "grace.morales@gmail.com" in page.main
    assert set(page.form("Continue")[1]) == {"csrf_token", "first_name", "last_name"}
    assert residents() == []
    page = traveller.browser.press("Continue", first_name="Grace", last_name="")
    assert page.status == 422
    assert "Last name: This field cannot be left blank" in page.main
    page = traveller.browser.press("Continue", first_name="Grace", last_name="Morales")
    assert page.hops == ["/help"]
    (resident,) = residents()
    assert (resident.given_name, resident.family_name) == ("Grace", "Morales")
    assert mailbox.all() == []


class TestAnAddressThatNobodyProved:
    def test_is_verified_by_our_mail_before_anything_exists(self, traveller, residents, mailbox, at):
        page = traveller.sign_in("facebook", "felix", at("/sign-in"))
        assert page.title == "Verification email sent"
        assert "felix@example.net" in page.main
        assert residents() == []
        mail = mailbox.newest("felix@example.net", "verify_first_sign_in")
        assert mail.facts["provider"] == "facebook"
        page = traveller.browser.press("Verify registration", code=mail.facts["code"])
        assert page.hops == ["/help"]
        (resident,) = residents()
        assert (resident.email, resident.sign_in_method) == ("felix@example.net", "facebook")
        assert resident.email_verified_at is not None

    def test_that_the_mail_server_refuses_can_be_changed(self, traveller, storage, mailbox, clock):
        traveller.sign_in("facebook", "hannah")
        waiting = traveller.browser.press("Continue", email="hannah@exmaple.org")
        mail = mailbox.newest("hannah@exmaple.org", "verify_first_sign_in")
        StoredRefusals(storage).note_refused(mail, "550", clock.now())
        page = traveller.browser.open(waiting.url)
        assert "The email could not be delivered" in page.main
        page = traveller.browser.follow("Change the address")
        assert page.form("Continue")[1]["email"] == "hannah@exmaple.org"

    def test_is_asked_for_where_there_is_none(self, traveller, residents, mailbox):
        page = traveller.sign_in("facebook", "hannah")
        assert page.title == "One more step"
        assert page.form("Continue")[1]["first_name"] == "Hannah"
        page = traveller.browser.press("Continue", email="not an address")
        assert "This value is not a valid email address" in page.main
        page = traveller.browser.press("Continue", email="hannah@example.org")
        assert page.title == "Verification email sent"
        code = mailbox.newest("hannah@example.org", "verify_first_sign_in").facts["code"]
        assert traveller.browser.press("Verify registration", code=code).title == "Your profile"
        assert residents()[0].email == "hannah@example.org"

    @pytest.mark.parametrize(
        ("provider", "person"), [("google", "ursula"), ("microsoft", "mallory"), ("facebook", "felix")]
    )
    def test_is_never_taken_from_a_provider_that_does_not_vouch(self, traveller, residents, provider, person):
        assert traveller.sign_in(provider, person).title == "Verification email sent"
        assert residents() == []

    def test_the_link_is_one_click_in_the_browser_that_waits(self, traveller, residents, mailbox, at):
        traveller.sign_in("facebook", "felix", at("/sign-in"))
        mail = mailbox.newest("felix@example.net", "verify_first_sign_in")
        page = traveller.browser.open(mail.link)
        assert "One more click" in page.main
        assert residents() == []
        page = traveller.browser.press("Verify registration")
        assert page.hops == ["/help"]
        assert len(residents()) == 1

    def test_opening_the_link_changes_nothing(self, traveller, make_browser, residents, mailbox):
        traveller.sign_in("facebook", "felix")
        mail = mailbox.newest("felix@example.net", "verify_first_sign_in")
        scanner = make_browser()
        for _ in range(3):
            scanner.open(mail.link)
            scanner.client.head(mail.link)
        assert residents() == []
        traveller.browser.open(mail.link)
        assert traveller.browser.press("Verify registration").title == "Your profile"

    def test_a_second_click_says_that_it_is_verified(self, traveller, mailbox, make_browser):
        traveller.sign_in("facebook", "felix")
        mail = mailbox.newest("felix@example.net", "verify_first_sign_in")
        traveller.browser.open(mail.link)
        traveller.browser.press("Verify registration")
        assert make_browser().open(mail.link).title == "Your address is already verified"

    def test_elsewhere_the_link_asks_for_the_provider_again(
        self, traveller, make_traveller, residents, mailbox, at
    ):
        traveller.sign_in("facebook", "felix", at("/sign-in"))
        mail = mailbox.newest("felix@example.net", "verify_first_sign_in")
        phone = make_traveller()
        page = phone.browser.open(mail.link)
        assert "another browser" in page.main
        page = phone.come_back(phone.pick(phone.press("facebook"), "felix"))
        assert page.hops[-1] == "/help"
        assert [resident.email for resident in residents()] == ["felix@example.net"]
        waiting = traveller.browser.open(traveller.browser.page.url)
        assert "Your email address is verified. Sign in to continue." in waiting.main

    def test_elsewhere_another_account_at_the_provider_gets_nothing_of_it(
        self, traveller, make_traveller, residents, mailbox
    ):
        # Eve chose the victim's address; the victim opens the mail and signs in as themselves.
        traveller.sign_in("facebook", "hannah")
        traveller.browser.press("Continue", email="victim@example.org")
        mail = mailbox.newest("victim@example.org", "verify_first_sign_in")
        victim = make_traveller()
        victim.browser.open(mail.link)
        page = victim.come_back(victim.pick(victim.press("facebook"), "felix"))
        assert page.title == "Verification email sent"
        assert residents() == []

    def test_five_wrong_codes_and_the_code_is_gone(self, traveller, residents, mailbox):
        traveller.sign_in("facebook", "felix")
        right = mailbox.newest("felix@example.net", "verify_first_sign_in").facts["code"]
        wrong = another(right)
        for _ in range(5):
            page = traveller.browser.press("Verify registration", code=wrong)
            assert page.status == 422
        traveller.browser.press("Verify registration", code=right)
        assert residents() == []

    def test_changing_the_address_kills_the_mail_to_the_one_before(self, traveller, residents, mailbox):
        traveller.sign_in("facebook", "felix")
        first = mailbox.newest("felix@example.net", "verify_first_sign_in")
        traveller.browser.follow("Change the address")
        traveller.browser.press("Continue", email="other@example.net")
        assert "This email link has expired" in traveller.browser.open(first.link).main
        traveller.browser.post(first.link, {})
        assert residents() == []
        second = mailbox.newest("other@example.net", "verify_first_sign_in")
        traveller.browser.open(second.link)
        traveller.browser.press("Verify registration")
        assert [resident.email for resident in residents()] == ["other@example.net"]

    def test_an_address_over_its_limit_of_mails_is_not_slipped_under_an_older_link(
        self, traveller, make_traveller, residents, mailbox
    ):
        other = make_traveller()
        other.sign_in("facebook", "hannah")
        for _ in range(5):
            other.browser.press("Continue", email="victim@example.org")
            other.browser.follow("Change the address")
        traveller.sign_in("facebook", "felix")
        mine = mailbox.newest("felix@example.net", "verify_first_sign_in")
        traveller.browser.follow("Change the address")
        traveller.browser.press("Continue", email="victim@example.org")
        assert traveller.browser.open(mine.link).title == "This email link has expired"
        assert residents() == []

    def test_the_mail_is_sent_again_once_in_a_while(self, traveller, mailbox, clock):
        traveller.sign_in("facebook", "felix")
        page = traveller.browser.press("Send it again")
        assert "We sent the email again" in page.main
        assert "another one in 30 seconds" in traveller.browser.press("Send it again").main
        assert len(mailbox.of("felix@example.net")) == 2

    def test_after_half_an_hour_the_provider_is_asked_again(
        self, traveller, residents, mailbox, clock, live_sessions
    ):
        traveller.sign_in("facebook", "felix")
        clock.advance(timedelta(minutes=31))
        mail = mailbox.newest("felix@example.net", "verify_first_sign_in")
        traveller.browser.open(mail.link)
        page = traveller.browser.press("Verify registration")
        assert "Your email address is verified. Sign in to continue." in page.main
        assert len(residents()) == 1
        assert live_sessions() == []

    def test_an_expired_link_offers_a_new_one_in_place(self, traveller, mailbox, clock, residents):
        traveller.sign_in("facebook", "felix")
        mail = mailbox.newest("felix@example.net", "verify_first_sign_in")
        clock.advance(timedelta(hours=25))
        page = traveller.browser.open(mail.link)
        assert page.title == "This email link has expired"
        traveller.browser.press("Send a new email")
        newer = [m for m in mailbox.of("felix@example.net") if m.link != mail.link]
        traveller.browser.open(newer[0].link)
        traveller.browser.press("Verify registration")
        assert len(residents()) == 1

    def test_it_expires_and_then_nothing_is_left_but_to_start_again(self, traveller, clock, residents):
        page = traveller.sign_in("facebook", "hannah")
        clock.advance(timedelta(hours=24))
        assert traveller.browser.open(page.url).title == "This page has expired"
        assert residents() == []

    def test_another_browser_sees_nothing_of_it(self, traveller, make_browser):
        page = traveller.sign_in("facebook", "felix")
        stranger = make_browser().open(page.url)
        assert stranger.title == "This page has expired"
        assert "felix" not in stranger.main


class TestAPendingRegistrationOfTheSameAddress:
    """Problem 5: an attacker registers the victim's address first, with a password of theirs, and waits."""

    def test_is_void_once_the_provider_proves_the_address(
        self, traveller, make_browser, sign_up, mailbox, residents, count
    ):
        attacker = make_browser()
        sign_up("grace.morales@gmail.com", attacker)
        waiting = attacker.page.url
        mail = mailbox.newest("grace.morales@gmail.com", "verify_registration")
        assert traveller.sign_in("google", "grace").title == "Your profile"
        # The link is void too, even in the browser that asked for the mail.
        assert attacker.open(mail.link).title == "Your address is already verified"
        attacker.open(waiting)
        attacker.press("Verify registration", code=mail.facts["code"])
        assert [resident.sign_in_method for resident in residents()] == ["google"]
        assert count(Password) == 0
        assert attacker.sign_in("grace.morales@gmail.com").status == 422

    def test_and_does_not_keep_the_owner_out(self, traveller, sign_up, make_browser):
        sign_up("grace.morales@gmail.com", make_browser())
        assert traveller.sign_in("google", "grace").title == "Your profile"


def test_the_key_is_the_providers_issuer_and_subject(traveller, storage):
    traveller.sign_in("microsoft", "patricia")
    with storage.transaction() as tx:
        (identity,) = tx.scalars(select(FederatedIdentity))
    assert identity.issuer.endswith("/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0")
    assert identity.subject.startswith("9188040d-6c67-4c5b-b112-36a304b66dad.")


def test_what_waits_is_no_account(traveller, count, residents, make_browser):
    traveller.sign_in("facebook", "felix")
    assert count(FirstSignIn) == 1
    assert residents() == []
    assert make_browser().sign_in("felix@example.net").status == 422
