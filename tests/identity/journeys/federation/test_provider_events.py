"""What providers post by themselves: security events, notifications, and people who ask to be forgotten."""

from datetime import timedelta

import pytest
import requests
from identity.audit.events import Event
from identity.audit.models import AuditEvent
from identity.journeys.federation.models import FirstSignIn, ProviderNotice
from identity.journeys.federation.provider_event_store import ProviderNotices
from identity.oidc.grants.models import Grant
from identity.residents.federated_identities.models import FederatedIdentity
from sqlalchemy import insert, select

GRACE = "110169484474386276334"
ROSA = "001234.6a1f0c5d8b3e4f7a9c2d1e0b8f7a6c5d.0001"
FELIX = "10158000000000001"


@pytest.fixture
def google_event(simulated):
    """Return a function that gets a security event token from the simulated Google."""

    def event(name: str, **form: str) -> str:
        url = f"{simulated.base_url}/google/simulate/security-event"
        return requests.post(url, data={"event": name, **form}, timeout=10).text

    return event


@pytest.fixture
def post(app):
    """Return a function that posts to a receiver as the provider's server does: no browser, no cookies."""

    def send(token: str):
        return app.test_client().post(
            "/providers/google/security-events", data=token, content_type="application/secevent+jwt"
        )

    return send


@pytest.fixture
def grace(traveller, residents):
    traveller.sign_in("google", "grace")
    return residents()[0]


class TestGooglesSecurityEvents:
    @pytest.mark.parametrize(
        ("event", "reason"),
        [("account-disabled", "hijacking"), ("account-disabled", ""), ("sessions-revoked", "")],
    )
    def test_a_takeover_ends_every_session(
        self, grace, traveller, make_traveller, google_event, post, live_sessions, event, reason
    ):
        make_traveller().sign_in("google", "grace")
        assert len(live_sessions()) == 2
        assert post(google_event(event, sub=GRACE, reason=reason)).status_code == 202
        assert live_sessions() == []
        assert traveller.browser.open("/profile").title == "Sign in to community access services."

    @pytest.mark.parametrize(
        ("event", "reason"), [("account-disabled", "hijacking"), ("sessions-revoked", "")]
    )
    def test_and_every_end_is_announced(
        self, grace, make_traveller, google_event, post, told, events, event, reason
    ):
        make_traveller().sign_in("google", "grace")
        post(google_event(event, sub=GRACE, reason=reason))
        assert told() == ["session-revoked"] * 2
        ended = [each.details["by"] for each in events() if each.event == Event.SESSION_ENDED]
        assert ended == ["google", "google"]

    def test_and_revokes_what_websites_hold(self, grace, google_event, post, storage, clock):
        now = clock.now()
        with storage.transaction() as tx:
            tx.execute(
                insert(Grant).values(
                    id="grant", client_id="citizen-self-service", resident_id=grace.id, session_id="gone",
                    scope="openid offline_access", resources=[], offline=True, authenticated_at=now, acr="",
                    amr="", created_at=now, expires_at=now + timedelta(days=30),
                )
            )  # fmt: skip
        post(google_event("sessions-revoked", sub=GRACE))
        with storage.transaction() as tx:
            grant = tx.get_one(Grant, "grant")
        assert (grant.revoked_at, grant.revoked_for) == (now, "provider_notice")

    def test_the_resident_may_come_back_through_the_provider(self, grace, traveller, google_event, post):
        post(google_event("sessions-revoked", sub=GRACE))
        assert traveller.sign_in("google", "grace").title == "Your profile"

    def test_each_is_acted_on_once(self, grace, traveller, google_event, post, live_sessions, count):
        token = google_event("sessions-revoked", sub=GRACE)
        post(token)
        traveller.sign_in("google", "grace")
        assert post(token).status_code == 202
        assert len(live_sessions()) == 1
        assert count(ProviderNotice) == 1

    def test_one_about_a_stranger_is_accepted_and_changes_nothing(
        self, grace, google_event, post, live_sessions
    ):
        assert post(google_event("sessions-revoked", sub="1")).status_code == 202
        assert len(live_sessions()) == 1

    def test_one_that_is_no_proof_ends_nothing(self, grace, google_event, post, live_sessions):
        assert post(google_event("account-credential-change-required", sub=GRACE)).status_code == 202
        assert len(live_sessions()) == 1

    def test_a_test_of_the_stream_is_accepted(self, google_event, post, events):
        assert post(google_event("verification", state="hello")).status_code == 202
        assert [event.event for event in events()] == [Event.PROVIDER_NOTICE_ACCEPTED]

    @pytest.mark.parametrize("signing", ["none", "foreign_key", "hs256"])
    def test_a_forged_one_is_refused(self, grace, behaviours, google_event, post, live_sessions, signing):
        behaviours["google"].signing = signing
        response = post(google_event("sessions-revoked", sub=GRACE))
        assert response.status_code == 400
        assert response.json["err"] == "invalid_request"
        assert len(live_sessions()) == 1

    @pytest.mark.parametrize("body", ["", "x", "a.b.c", "." * 20_000])
    def test_nonsense_is_refused(self, post, body):
        assert post(body).status_code == 400

    def test_it_is_sent_again_while_googles_keys_are_out_of_reach(self, behaviours, google_event, post):
        token = google_event("sessions-revoked", sub=GRACE)
        behaviours["google"].faults = {"risc": "error"}
        assert post(token).status_code == 503

    def test_it_is_recorded_without_a_name(self, grace, google_event, post, storage):
        post(google_event("sessions-revoked", sub=GRACE))
        with storage.transaction() as tx:
            statement = select(AuditEvent).where(AuditEvent.event == Event.PROVIDER_NOTICE_ACCEPTED)
            (event,) = tx.scalars(statement)
        assert event.resident_id == grace.id
        assert GRACE not in str(event.details)


class TestApplesNotifications:
    @pytest.fixture
    def rosa(self, traveller):
        traveller.sign_in("apple", "rosa")

    @pytest.fixture
    def notification(self, simulated):
        def made(kind: str) -> str:
            url = f"{simulated.base_url}/apple/simulate/notification"
            return requests.post(url, data={"type": kind, "sub": ROSA}, timeout=10).text

        return made

    @pytest.mark.parametrize("kind", ["consent-revoked", "account-delete"])
    def test_they_end_the_sessions(self, rosa, app, notification, live_sessions, kind):
        # Apple documents a JSON body.
        response = app.test_client().post(
            "/providers/apple/notifications", json={"payload": notification(kind)}
        )
        assert response.status_code == 202
        assert live_sessions() == []

    def test_as_a_form_too(self, rosa, app, notification, live_sessions):
        data = {"payload": notification("consent-revoked")}
        assert app.test_client().post("/providers/apple/notifications", data=data).status_code == 202
        assert live_sessions() == []

    def test_a_switched_mail_forwarding_ends_nothing(self, rosa, app, notification, live_sessions):
        data = {"payload": notification("email-disabled")}
        assert app.test_client().post("/providers/apple/notifications", data=data).status_code == 202
        assert len(live_sessions()) == 1

    @pytest.mark.parametrize("body", [{}, {"payload": "x"}, {"payload": ["x"]}, ["x"]])
    def test_nonsense_is_refused(self, app, body):
        assert app.test_client().post("/providers/apple/notifications", json=body).status_code == 400


class TestFacebooksDataDeletion:
    @pytest.fixture
    def felix(self, traveller, mailbox, residents):
        traveller.sign_in("facebook", "felix")
        code = mailbox.newest("felix@example.net", "verify_first_sign_in").facts["code"]
        traveller.browser.press("Verify registration", code=code)
        mailbox.clear()
        return residents()[0]

    @pytest.fixture
    def signed_request(self, simulated):
        def made(user_id: str = FELIX) -> str:
            url = f"{simulated.base_url}/facebook/simulate/data-deletion"
            return requests.post(url, data={"user_id": user_id}, timeout=10).text

        return made

    @pytest.fixture
    def ask(self, app):
        return lambda request: app.test_client().post(
            "/providers/facebook/data-deletion", data={"signed_request": request}
        )

    def test_it_deletes_the_resident_and_says_where_to_see_it(
        self, felix, signed_request, ask, residents, count, browser, mailbox, live_sessions
    ):
        answer = ask(signed_request()).json
        assert residents() == []
        assert count(FederatedIdentity) == 0
        assert live_sessions() == []
        assert answer["url"].startswith("http://localhost:8000/providers/facebook/data-deletion/")
        page = browser.open(answer["url"].removeprefix("http://localhost:8000"))
        assert page.title == "Your data is deleted"
        assert answer["confirmation_code"] in page.main
        assert mailbox.newest("felix@example.net", "id_deleted").facts["provider"] == "facebook"

    def test_its_end_is_announced_before_its_rows_go(self, felix, signed_request, ask, told, count, events):
        ask(signed_request())
        assert told() == ["session-revoked", "account-purged"]
        assert [each.event for each in events()][-2:] == [Event.SESSION_ENDED, Event.RESIDENT_DELETED]
        assert {each.details["by"] for each in events()[-2:]} == {"facebook"}
        assert count(FirstSignIn) == 0

    def test_somebody_unknown_gets_a_code_as_well(self, signed_request, ask, mailbox):
        answer = ask(signed_request("10158000000009999"))
        assert answer.status_code == 200
        assert answer.json["confirmation_code"]
        assert mailbox.all() == []

    def test_what_waits_is_deleted_too(self, traveller, signed_request, ask):
        page = traveller.sign_in("facebook", "felix")
        ask(signed_request())
        assert traveller.browser.open(page.url).title == "This page has expired"

    def test_a_forged_one_deletes_nobody(self, felix, signed_request, ask, residents):
        signature, payload = signed_request().split(".")
        assert ask(f"{signature[:-2]}AA.{payload}").status_code == 400
        assert ask("").status_code == 400
        assert len(residents()) == 1

    def test_an_unknown_code_is_not_found(self, browser):
        assert browser.open("/providers/facebook/data-deletion/made-up").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/providers/facebook/security-events",
        "/providers/google/data-deletion",
        "/providers/myspace/notifications",
    ],
)
def test_what_a_provider_does_not_send_has_no_receiver(app, path):
    response = app.test_client().post(path, data={"payload": "x"})
    assert (response.status_code, response.json) == (404, {"error": "not_found"})


def test_old_notices_are_forgotten(grace, google_event, post, storage, clock, count):
    post(google_event("verification", state="hello"))
    with storage.autocommit() as connection:
        assert ProviderNotices(connection).delete_old(clock.now() + timedelta(days=89), 10) == 0
        assert ProviderNotices(connection).delete_old(clock.now() + timedelta(days=91), 10) == 1
