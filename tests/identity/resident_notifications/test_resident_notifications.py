import base64
from datetime import timedelta
from urllib.parse import quote_plus

import pytest
from identity.audit.models import AuditEvent
from identity.mail.messages import Mail
from identity.mail.queue import MailQueue
from identity.outbox.models import OutboxMessage
from identity.outbox.store import UNSENT
from identity.rate_limits.mail_budget import MailBudget
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredCity, RegisteredResource
from identity.relying_parties.schemas import read_client
from identity.relying_parties.store import Cities, Clients, Resources
from identity.resident_notifications.models import Notice
from identity.resident_notifications.notify import NotifyResident
from identity.resident_notifications.routes import ResidentNotificationRoutes
from identity.resident_notifications.store import Notices
from identity.secret_keys import digest
from identity.web.api import Api
from identity.web.headers import SecurityHeaders
from identity.web.resource_authentication import ResourceAuthentication
from identity_provider import bare_app, close
from werkzeug.test import Client

RESOURCE = "urn:community-access:billing-link"
SECRET = "the secret: of billing link + 100%"


def credentials(name=RESOURCE, secret=SECRET):
    pair = f"{quote_plus(name)}:{quote_plus(secret)}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


@pytest.fixture
def registered(storage, now):
    with storage.transaction() as tx:
        Cities(tx).put_city(
            RegisteredCity(
                id="pinellas-park",
                name="City of Pinellas Park",
                website="https://www.pinellas-park.com",
                support_phone="727-369-0690",
                support_name="Utility Billing Department",
                primary_color="#004b87",
                accent_color="#f2a900",
                logo_svg="<svg/>",
                languages=("en", "es"),
                time_zone="America/New_York",
                notice="",
            )
        )
        Resources(tx).put_resource(
            RegisteredResource(RESOURCE, "billing_link", digest(SECRET), frozenset()), now
        )


@pytest.fixture
def client(database_url, registered, secret_keys, clock, settings):
    app = bare_app(database_url)
    storage = app.extensions["identity"]
    relying_parties = RelyingPartyCache(storage, clock)
    budget = MailBudget(secret_keys, "https://id/stop-emails#{}".format)
    notify = NotifyResident(storage, clock, relying_parties, MailQueue(secret_keys, clock), budget)
    notifications = ResidentNotificationRoutes(ResourceAuthentication(relying_parties), notify)
    headers = SecurityHeaders(settings)
    yield Client(Api(notifications.routes(), headers, app.wsgi_app, faulted=lambda _fault: None))
    close(app)


@pytest.fixture
def jane(add_resident):
    return add_resident(language="es")


def notice(resident, **changes: object):
    document = {
        "id": "link-1",
        "sub": resident.id,
        "kind": "utility_account_auto_linked",
        "city": "pinellas-park",
        "details": {"account_ending": "4567", "undo_until": "2026-11-30"},
    }
    return document | changes


@pytest.fixture
def mails(storage, secret_keys):
    def mails():
        with storage.autocommit() as connection:
            rows = connection.execute(OutboxMessage.__table__.select()).all()
        return [Mail.from_json(secret_keys.decrypt(row.payload)) for row in rows]

    return mails


def test_a_notice_becomes_a_mail_in_the_residents_language_and_the_citys_looks(client, jane, mails):
    response = client.post("/notices", json=notice(jane), headers=credentials())
    assert (response.status_code, response.json) == (202, {"status": "accepted"})
    assert mails() == [
        Mail(
            to="jane@example.com",
            language="es",
            template="utility_account_auto_linked",
            city_id="pinellas-park",
            facts={"account_ending": "4567", "undo_until": "2026-11-30", "portal_link": ""},
        )
    ]


def test_the_mail_leads_to_the_citys_website_that_uses_the_service(client, jane, mails, storage, now):
    portal = {
        "id": "citizen-self-service",
        "city_id": "pinellas-park",
        "name": "Citizen Self Service",
        "redirect_uris": ["https://portal.example/callback"],
        "initiate_login_uri": "https://portal.example/sign-in",
        "resources": [RESOURCE],
    }
    other = portal | {"id": "parks", "initiate_login_uri": "https://parks.example/", "resources": []}
    with storage.transaction() as tx:
        for content in (other, portal):
            Clients(tx).put_client(read_client(content).registered(), now)
    client.post("/notices", json=notice(jane), headers=credentials())
    assert [mail.facts["portal_link"] for mail in mails()] == ["https://portal.example/sign-in"]


def test_the_same_notice_again_is_accepted_and_nothing_more(client, jane, mails, storage):
    for _ in range(3):
        assert client.post("/notices", json=notice(jane), headers=credentials()).status_code == 202
    assert len(mails()) == 1
    with storage.autocommit() as connection:
        (event,) = connection.execute(AuditEvent.__table__.select()).all()
    assert (event.event, event.resident_id) == ("notice_accepted", jane.id)
    assert event.details["kind"] == "utility_account_auto_linked"


def test_what_another_resident_does_over_and_over_is_mailed_a_few_times(client, jane, storage, clock):
    kind = "utility_account_linked_by_other"
    for number in range(48):
        sent = notice(jane, id=f"link-{number}", kind=kind, details={"account_ending": "4567"})
        assert client.post("/notices", json=sent, headers=credentials()).status_code == 202
        clock.advance(timedelta(minutes=30))
    with storage.autocommit() as connection:
        states = [row.state for row in connection.execute(OutboxMessage.__table__.select())]
    assert 2 <= len(states) - states.count(UNSENT) <= 4


def test_another_notice_is_another_mail(client, jane, mails):
    for number in range(3):
        client.post("/notices", json=notice(jane, id=f"link-{number}"), headers=credentials())
    assert len(mails()) == 3


def test_an_unknown_resident_is_told_and_may_be_notified_once_known(client, jane, mails):
    response = client.post("/notices", json=notice(jane, sub="nobody"), headers=credentials())
    assert (response.status_code, response.json) == (404, {"error": "unknown_resident"})
    assert client.post("/notices", json=notice(jane), headers=credentials()).status_code == 202
    assert len(mails()) == 1


def test_a_resident_without_an_address_gets_no_mail(client, add_resident, mails):
    nobody = add_resident(address=None)
    assert client.post("/notices", json=notice(nobody), headers=credentials()).status_code == 202
    assert mails() == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        credentials(secret="wrong"),
        credentials(secret=""),
        credentials(name="urn:unknown"),
        credentials(name="", secret=""),
        {"Authorization": "Bearer " + SECRET},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic"},
    ],
)
def test_who_does_not_know_the_secret_is_refused(client, jane, mails, headers):
    response = client.post("/notices", json=notice(jane), headers=headers)
    assert (response.status_code, response.json) == (401, {"error": "invalid_client"})
    assert response.headers["WWW-Authenticate"].startswith("Basic ")
    assert mails() == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"id": 1}, "id"),
        ({"id": "a b"}, "id"),
        ({"sub": None}, "sub"),
        ({"kind": "reset_password"}, "kind"),
        ({"kind": ["utility_account_linked"]}, "kind"),
        ({"city": "atlantis"}, "city"),
        ({"city": ""}, "city"),
        ({"details": None}, "details"),
        ({"details": {}}, "details.account_ending"),
        ({"details": {"account_ending": "https://evil.example"}}, "details.account_ending"),
        ({"details": {"account_ending": "45\n67"}}, "details.account_ending"),
        ({"details": {"account_ending": "evil.com"}}, "details.account_ending"),
        ({"details": {"account_ending": "-4567"}}, "details.account_ending"),
        ({"details": {"account_ending": "4567", "undo_until": "soon"}}, "details.undo_until"),
        ({"details": {"account_ending": "4567", "undo_until": 7}}, "details.undo_until"),
    ],
)
def test_a_notice_that_cannot_be_understood_names_the_member_at_fault(client, jane, mails, changes, field):
    response = client.post("/notices", json=notice(jane, **changes), headers=credentials())
    assert (response.status_code, response.json) == (400, {"error": "invalid_notice", "field": field})
    assert mails() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"[" * 8000, 400),
        (b'{"x": "' + b"x" * 9000 + b'"}', 413),
    ],
)
def test_what_is_no_notice_gets_json_and_never_a_page(client, body, status):
    response = client.post("/notices", data=body, headers=credentials())
    assert response.status_code == status
    assert response.json["error"] in {"invalid_request", "invalid_notice"}
    assert response.headers["Cache-Control"] == "no-store"


def test_a_member_that_is_not_known_is_let_pass(client, jane):
    response = client.post("/notices", json=notice(jane, since="version 2"), headers=credentials())
    assert response.status_code == 202


def test_accepted_notices_are_forgotten_after_thirty_days(storage, now):
    with storage.autocommit() as connection:
        notices = Notices(connection)
        assert notices.claim_notice(RESOURCE, "one", now)
        assert notices.claim_notice("urn:another", "one", now)
        assert not notices.claim_notice(RESOURCE, "one", now)
        assert notices.delete_old(now + timedelta(days=30) - timedelta(seconds=1), 500) == 0
        assert notices.delete_old(now + timedelta(days=30), 500) == 2
        assert connection.execute(Notice.__table__.select()).all() == []
