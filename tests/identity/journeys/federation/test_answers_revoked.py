"""What a provider answered counts only while it stands: events and other tabs may overtake a sign-in."""

from datetime import timedelta

import pytest
import requests
from identity.clock import FixedClock
from identity.composition.staff import resident_administration
from identity.email_verification.verification import EmailVerification
from identity.journeys.federation.callback import HandleCallback
from identity.journeys.federation.pending_store import FirstSignIns
from identity.residents.accounts.addresses import parse
from identity.residents.accounts.models import Resident
from sqlalchemy import update

pytestmark = pytest.mark.database("sqlite", "postgresql")

GRACE, FELIX = "110169484474386276334", "10158000000000001"


@pytest.fixture
def meanwhile(monkeypatch, clock: FixedClock):
    """Return a function that lets a deed happen while the provider is asked what its answer means."""

    def after_the_claim(deed):
        verify = HandleCallback._verify  # noqa: SLF001 - the gap between the two transactions

        def then(self, provider, state, attempt, params):
            identity = verify(self, provider, state, attempt, params)
            monkeypatch.setattr(HandleCallback, "_verify", verify)
            clock.advance(timedelta(microseconds=1))
            deed()
            return identity

        monkeypatch.setattr(HandleCallback, "_verify", then)

    return after_the_claim


@pytest.fixture
def revoke(simulated, app):
    """Return a function that posts Google's event "sessions-revoked" about Grace."""

    def event():
        answer = requests.post(
            f"{simulated.base_url}/google/simulate/security-event",
            data={"event": "sessions-revoked", "sub": GRACE, "reason": ""},
            timeout=10,
        )
        client = app.test_client()
        sent = client.post(
            "/providers/google/security-events",
            data=answer.text,
            content_type="application/secevent+jwt",
        )
        assert sent.status_code == 202

    return event


def test_an_event_shuts_out_a_sign_in_on_an_earlier_answer(
    traveller, make_traveller, meanwhile, revoke, live_sessions, events
):
    traveller.sign_in("google", "grace")
    meanwhile(revoke)
    page = make_traveller().sign_in("google", "grace")
    assert page.title == "This sign-in cannot be finished"
    assert live_sessions() == []
    assert [each.details["why"] for each in events() if each.event == "sign_in_failed"] == ["revoked"]
    assert make_traveller().sign_in("google", "grace").title == "Your profile"


def test_disabling_shuts_out_a_sign_in_under_way(
    traveller, make_traveller, meanwhile, live_sessions, storage, secret_keys, clock, settings, residents
):
    traveller.sign_in("google", "grace")
    staff = resident_administration(storage, secret_keys, clock, settings)
    meanwhile(lambda: staff.disable(residents()[0].id, "asked"))
    make_traveller().sign_in("google", "grace")
    assert live_sessions() == []


def test_a_first_sign_in_that_was_forgotten_meanwhile_makes_no_resident(
    traveller, residents, mailbox, storage, monkeypatch
):
    """The account has no resident yet: what waits was begun on an answer that no longer stands."""
    traveller.sign_in("facebook", "felix")
    mail = mailbox.newest("felix@example.net", "verify_first_sign_in")
    traveller.browser.open(mail.link)
    claim = EmailVerification.claim_link

    def then(self, tx, link):
        FirstSignIns(tx).delete_of_account(link.pending.issuer, FELIX)
        return claim(self, tx, link)

    monkeypatch.setattr(EmailVerification, "claim_link", then)
    traveller.browser.press("Verify registration")
    assert residents() == []


class TestAnotherAddressMeanwhile:
    """The form and "Send it again" in two tabs: no code to one address verifies another."""

    def test_the_code_is_not_mailed_to_the_address_before(
        self, traveller, mailbox, storage, clock, monkeypatch
    ):
        traveller.sign_in("facebook", "felix")
        clock.advance(timedelta(minutes=1))
        extend = FirstSignIns.extend_pending

        def then(self, pending_id, address, now):
            FirstSignIns(self._executor).set_details(pending_id, parse("victim@example.org"), "F", "M")
            return extend(self, pending_id, address, now)

        monkeypatch.setattr(FirstSignIns, "extend_pending", then)
        mailbox.clear()
        traveller.browser.press("Send it again")
        assert [mail.to for mail in mailbox.all()] == []


def test_a_sign_in_in_another_browser_is_mailed_and_can_be_reported(
    traveller, make_traveller, make_browser, mailbox, clock, live_sessions, storage
):
    traveller.sign_in("google", "grace")
    assert [mail for mail in mailbox.all() if mail.template == "new_sign_in"] == []
    with storage.transaction() as tx:
        tx.execute(update(Resident).values(created_at=clock.now() - timedelta(days=1)))
    traveller.browser.open("/sign-out")
    traveller.browser.press("Sign out")
    traveller.sign_in("google", "grace")
    assert [mail for mail in mailbox.all() if mail.template == "new_sign_in"] == []
    make_traveller("198.51.100.66").sign_in("google", "grace")
    [mail] = [mail for mail in mailbox.all() if mail.template == "new_sign_in"]
    owner = make_browser()
    assert "Then change your password at Google." in owner.open(mail.link).main
    page = owner.press("This wasn't me")
    assert page.title == "Every device is signed out"
    assert live_sessions() == []
