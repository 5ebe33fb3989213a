"""Every sign-in after the first: by (issuer, subject), whatever else the provider says by then."""

from datetime import timedelta

import pytest
from identity.audit.events import Event
from identity.continuation import Continuation
from identity.journeys.federation.email_change import EmailChange
from identity.mail_refusals import StoredRefusals
from identity.residents.federated_identities.models import FederatedIdentity
from identity.residents.one_time_codes.models import OneTimeCode
from identity.residents.sessions.store import Sessions
from mailed_codes import another
from sqlalchemy import select

PEOPLE = [
    ("google", "grace"),
    ("apple", "rosa"),
    ("microsoft", "carl"),
    ("logingov", "louise"),
]


@pytest.mark.parametrize(("provider", "person"), PEOPLE)
def test_the_same_person_is_the_same_resident(traveller, make_traveller, residents, at, provider, person):
    traveller.sign_in(provider, person)
    page = make_traveller().sign_in(provider, person, at("/sign-in"))
    assert page.hops[-1] == "/help"
    assert len(residents()) == 1


def test_also_after_an_address_was_proved_by_our_mail(traveller, make_traveller, residents, mailbox):
    traveller.sign_in("facebook", "felix")
    code = mailbox.newest("felix@example.net", "verify_first_sign_in").facts["code"]
    traveller.browser.press("Verify registration", code=code)
    assert make_traveller().sign_in("facebook", "felix").title == "Your profile"
    assert len(residents()) == 1


def test_another_subject_with_the_same_address_is_another_person(traveller, make_traveller, behaviours):
    traveller.sign_in("google", "grace")
    behaviours["google"].claims = {"sub": "999999999999999999999"}
    page = make_traveller().sign_in("google", "grace")
    assert page.title == "You already have a Community Access ID"
    assert "another account at Google" in page.main


def test_the_same_subject_of_another_issuer_is_another_person(
    traveller, make_traveller, behaviours, residents
):
    traveller.sign_in("google", "grace")
    behaviours["openid"] = None
    sub = residents()[0].id
    page = make_traveller().sign_in("logingov", "louise")
    assert page.title == "Your profile"
    assert [resident.id for resident in residents()].count(sub) == 1
    assert len(residents()) == 2


def test_another_resident_in_the_same_browser_ends_the_session_of_the_first(
    traveller, residents, told, events
):
    traveller.sign_in("google", "grace")
    assert told() == []
    traveller.sign_in("apple", "rosa", "/sign-in?show=form")
    assert told() == ["session-revoked"]
    [ended] = [each for each in events() if each.event == Event.SESSION_ENDED]
    assert (ended.resident_id, ended.details) == (residents()[0].id, {"by": "other_resident"})


def test_names_are_never_overwritten(traveller, make_traveller, behaviours, residents):
    traveller.sign_in("google", "grace")
    behaviours["google"].claims = {"given_name": "G.", "family_name": "Married-Name"}
    make_traveller().sign_in("google", "grace")
    assert (residents()[0].given_name, residents()[0].family_name) == ("Grace", "Morales")


class TestTheProvidersAddressHasChanged:
    @pytest.fixture
    def changed(self, traveller, behaviours):
        traveller.sign_in("google", "grace")
        behaviours["google"].claims = {"email": "grace.new@gmail.com"}
        traveller.browser.open("/sign-out")
        traveller.browser.press("Sign out")
        return traveller

    def test_ours_does_not_and_the_resident_is_told(self, changed, residents):
        page = changed.sign_in("google", "grace")
        assert residents()[0].email == "grace.morales@gmail.com"
        assert "Your email address at Google has changed" in page.main
        assert "grace.new@gmail.com" in page.main

    def test_an_unproved_new_address_changes_nothing_either(self, changed, behaviours, residents):
        behaviours["google"].claims = {"email": "victim@example.org", "email_verified": False}
        changed.sign_in("google", "grace")
        assert residents()[0].email == "grace.morales@gmail.com"

    def test_the_resident_may_keep_theirs_and_is_not_asked_again(self, changed, behaviours):
        changed.sign_in("google", "grace")
        page = changed.browser.press("Keep the address I have here")
        assert "Your address here stays as it is." in page.main
        assert "has changed" not in page.main
        changed.browser.open("/sign-out")
        changed.browser.press("Sign out")
        assert "has changed" not in changed.sign_in("google", "grace").main

    def test_an_address_that_is_kept_voids_the_code_for_the_other(self, changed, count):
        changed.sign_in("google", "grace")
        changed.browser.press("Use the new address")
        assert count(OneTimeCode) == 1
        changed.browser.open("/profile")
        changed.browser.press("Keep the address I have here")
        assert count(OneTimeCode) == 0

    @pytest.mark.database("sqlite", "postgresql")
    def test_the_resident_may_take_the_new_one_over_once_our_mail_has_proved_it(
        self, changed, mailbox, residents, told
    ):
        changed.sign_in("google", "grace")
        page = changed.browser.press("Use the new address")
        assert page.title == "Verify your new email address"
        assert residents()[0].email == "grace.morales@gmail.com"
        code = mailbox.newest("grace.new@gmail.com", "verify_new_address").facts["code"]
        wrong = another(code)
        assert changed.browser.press("Use this address", code=wrong).status == 422
        page = changed.browser.press("Use this address", code=code)
        assert "Your email address is changed." in page.main
        assert "has changed" not in page.main
        assert residents()[0].email == "grace.new@gmail.com"
        mail = mailbox.newest("grace.morales@gmail.com", "address_changed")
        assert mail.facts["new_address"] == "grace.new@gmail.com"
        assert told() == ["identifier-changed"]

    def test_the_code_works_only_in_the_browser_that_asked(self, changed, make_traveller, mailbox, residents):
        changed.sign_in("google", "grace")
        changed.browser.press("Use the new address")
        code = mailbox.newest("grace.new@gmail.com", "verify_new_address").facts["code"]
        other = make_traveller()
        other.sign_in("google", "grace")
        other.browser.open("/profile/provider-email")
        page = other.browser.press("Use this address", code=code)
        assert "This code is no longer valid." in page.main
        assert residents()[0].email == "grace.morales@gmail.com"
        assert "is changed" in changed.browser.press("Use this address", code=code).main

    def test_wrong_codes_are_limited_over_all_new_codes(self, changed, residents, mailbox, monkeypatch):
        # So that each request is mailed.
        monkeypatch.setattr("identity.rate_limits.store.MailAllowances.count_mail", lambda *_, **__: 1)
        changed.sign_in("google", "grace")
        for _ in range(4):
            changed.browser.open("/profile")
            changed.browser.press("Use the new address")
            for _ in range(5):
                changed.browser.press("Use this address", code="BCDF-GHJK")
        mailbox.clear()
        changed.browser.open("/profile")
        changed.browser.press("Use the new address")
        code = mailbox.newest("grace.new@gmail.com", "verify_new_address").facts["code"]
        page = changed.browser.press("Use this address", code=code)
        assert (page.status, "Too many wrong codes were typed." in page.main) == (429, True)
        assert residents()[0].email == "grace.morales@gmail.com"

    def test_an_old_session_must_sign_in_again_first(self, changed, clock, mailbox):
        changed.sign_in("google", "grace")
        clock.advance(timedelta(minutes=15))
        changed.browser.open("/profile")
        page = changed.browser.press("Use the new address")
        assert "Please sign in once more to go on." in page.main
        assert mailbox.all() == []
        page = changed.come_back(changed.pick(changed.press("google"), "grace"))
        assert changed.browser.press("Use the new address").title == "Verify your new email address"

    def test_a_taken_one_tells_its_owner_and_is_no_different_on_the_page(
        self, changed, add_resident, mailbox, residents
    ):
        add_resident("grace.new@gmail.com")
        changed.sign_in("google", "grace")
        assert changed.browser.press("Use the new address").title == "Verify your new email address"
        assert [mail.template for mail in mailbox.all()] == ["already_registered"]
        assert changed.browser.press("Use this address", code="BCDF-GHJK").status == 422

    def test_one_that_the_mail_server_refuses_is_told_on_the_page(self, changed, mailbox, storage, clock):
        changed.sign_in("google", "grace")
        assert "could not be delivered" not in changed.browser.press("Use the new address").main
        mail = mailbox.newest("grace.new@gmail.com", "verify_new_address")
        StoredRefusals(storage).note_refused(mail, "550 5.1.1", clock.now())
        page = changed.browser.open("/profile/provider-email")
        assert "The email could not be delivered" in page.main

    def test_a_code_for_one_address_does_not_prove_the_next(self, changed, behaviours, mailbox, residents):
        changed.sign_in("google", "grace")
        changed.browser.press("Use the new address")
        code = mailbox.newest("grace.new@gmail.com", "verify_new_address").facts["code"]
        behaviours["google"].claims = {"email": "victim@example.org"}
        changed.sign_in("google", "grace", "/sign-in?show=form")
        changed.browser.open("/profile/provider-email")
        assert changed.browser.press("Use this address", code=code).status == 422
        assert residents()[0].email == "grace.morales@gmail.com"

    @pytest.mark.database("sqlite", "postgresql")
    def test_a_session_that_ends_meanwhile_changes_nothing(
        self, changed, mailbox, residents, monkeypatch, storage, clock
    ):
        changed.sign_in("google", "grace")
        changed.browser.press("Use the new address")
        code = mailbox.newest("grace.new@gmail.com", "verify_new_address").facts["code"]
        confirm = EmailChange.confirm

        def then(self, current, code, visitor):
            with storage.transaction() as tx:
                Sessions(tx).mark_ended([current.sid], clock.now())
            return confirm(self, current, code, visitor)

        monkeypatch.setattr(EmailChange, "confirm", then)
        changed.browser.press("Use this address", code=code)
        assert residents()[0].email == "grace.morales@gmail.com"

    def test_the_same_address_in_capitals_is_no_change(self, changed, behaviours):
        behaviours["google"].claims = {"email": "Grace.Morales@Gmail.com"}
        assert "has changed" not in changed.sign_in("google", "grace").main

    def test_it_is_nobody_elses_way_in(self, changed, make_traveller, behaviours):
        changed.sign_in("google", "grace")
        behaviours["google"].claims = {}
        page = make_traveller().sign_in("google", "walter")
        assert "Walter Reyes" in page.main


def test_a_disabled_resident_is_told_so_and_does_not_get_in(
    traveller, make_traveller, residents, disable, live_sessions
):
    traveller.sign_in("google", "grace")
    disable(residents()[0].id)
    page = make_traveller().sign_in("google", "grace")
    assert page.status == 403
    assert page.title == "Your Community Access ID is disabled"
    assert len(live_sessions()) == 1


@pytest.mark.parametrize(
    ("provider", "person", "name"), [("google", "dennis", "Google"), ("facebook", "doug", "Facebook")]
)
def test_disabled_at_the_provider_is_no_entry_in_clear_words(traveller, residents, provider, person, name):
    page = traveller.sign_in(provider, person)
    assert page.status == 403
    assert page.title == f"{name} did not let you in"
    assert residents() == []


def test_a_resident_who_deleted_the_id_and_returns_is_somebody_new(
    traveller, make_traveller, residents, storage
):
    """The old `sub` is never used again, so nothing that hung on it comes back."""
    traveller.sign_in("google", "grace")
    before = residents()[0].id
    with storage.transaction() as tx:
        tx.delete(residents()[0])
    assert make_traveller().sign_in("google", "grace").title == "Your profile"
    (resident,) = residents()
    assert resident.id != before


def test_where_the_website_wants_a_fresh_proof_only_the_own_provider_is_offered(traveller, at, clock):
    traveller.sign_in("google", "grace")
    again = Continuation(path="/help", reauthenticate=True)
    page = traveller.browser.open(at("/sign-in", again))
    assert "Please sign in once more to go on." in page.main
    assert "Sign in with Google" in page.main
    assert "Sign in with Apple" not in page.main
    assert "Password" not in page.main
    before = traveller.browser.cookie("session")
    page = traveller.come_back(traveller.pick(traveller.press("google"), "grace"))
    assert page.hops[-1] == "/help"
    assert traveller.browser.cookie("session") != before


def test_the_time_of_the_last_sign_in_is_kept(traveller, make_traveller, clock, storage):
    traveller.sign_in("google", "grace")
    with storage.transaction() as tx:
        (identity,) = tx.scalars(select(FederatedIdentity))
    assert identity.created_at == identity.last_used_at == clock.now()
