"""OpenID Connect Back-Channel Logout 1.0: who is told, with what, and what happens until they are."""

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from identity import outbound_http
from identity.account_events import AccountEvents
from identity.composition.staff import resident_administration
from identity.config import Settings
from identity.oidc.grants.store import Grants
from identity.oidc.logout.backchannel import BackchannelLogouts
from identity.outbound_http import OutboundHttp
from identity.outbox.delivery import HTTP_LIMITS
from identity.outbox.models import OutboxMessage
from identity.outbox.worker import Worker
from identity.relying_parties.admin import Registry
from identity.relying_parties.schemas import RegistrationRefusedError, read_client
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.residents.sessions.store import Sessions
from identity.secret_keys import SecretKeys
from identity.staff.residents import ResidentAdministration
from identity_provider import ISSUER, SECRET_KEY, Browser, Client, Provider
from joserfc import jws
from logout_website import Website
from page import csrf_token
from self_registration import allowed, self_registered

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def rows(provider: Provider) -> Callable[[], list[Any]]:
    def rows() -> list[Any]:
        with provider.storage.autocommit() as connection:
            return list(connection.execute(OutboxMessage.__table__.select()).all())

    return rows


@pytest.fixture
def client(provider: Provider, website: Website) -> Client:
    return provider.client(backchannel_logout_uri=website.uri)


@pytest.fixture
def lifecycle(provider: Provider) -> SessionLifecycle:
    logouts = BackchannelLogouts(SecretKeys([SECRET_KEY]), provider.clock)
    return SessionLifecycle(AccountEvents(logouts))


@pytest.fixture
def staff(provider: Provider) -> ResidentAdministration:
    settings = Settings(issuer=ISSUER, database_url=provider.url, secret_keys=[SECRET_KEY])
    return resident_administration(provider.storage, SecretKeys([SECRET_KEY]), provider.clock, settings)


@pytest.fixture
def signed_in(provider: Provider, client: Client) -> tuple[Browser, dict[str, Any]]:
    browser = provider.browser(provider.resident())
    return browser, provider.tokens(browser, client)


def leave(browser: Browser, tokens: dict[str, Any]) -> None:
    assert browser.get(f"/end-session?id_token_hint={tokens['id_token']}").status_code == 200


def test_2_1_discovery_says_so(provider: Provider):
    document = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


@pytest.mark.parametrize(
    "uri",
    [
        "http://city.example/logout",
        "https://city.example/logout#part",
        "javascript:alert(1)",
        "/logout",
        "https://*.city.example/logout",
        "https://me@city.example/logout",
        "",
    ],
)
def test_2_2_the_address_is_checked_when_it_is_registered(provider: Provider, uri: str):
    with pytest.raises(RegistrationRefusedError, match="backchannel_logout_uri"):
        provider.client(backchannel_logout_uri=uri)


def test_2_2_session_required_goes_with_an_address(provider: Provider):
    with pytest.raises(RegistrationRefusedError, match="backchannel_logout_uri"):
        provider.client(backchannel_logout_session_required=True)


def test_2_4_the_logout_token(provider: Provider, website: Website, logout_worker: Worker, signed_in, client):
    browser, tokens = signed_in
    sid = provider.claims(tokens["id_token"])["sid"]
    leave(browser, tokens)
    provider.advance(hours=3)
    assert logout_worker.run_once() == 1
    [token] = website.tokens()
    claims, now = provider.claims(token), int(provider.clock.now().timestamp())
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "aud": client.id,
        "sub": "resident-1",
        "sid": sid,
        "iat": now,
        "exp": now + 120,
        "events": {EVENT: {}},
    }
    header = jws.extract_compact(token.encode()).headers()
    assert (header["typ"], header["alg"]) == ("logout+jwt", "ES256")


def test_2_6_it_is_signed_as_the_clients_id_tokens(
    provider: Provider, website: Website, logout_worker: Worker
):
    client = provider.client(
        backchannel_logout_uri=website.uri,
        backchannel_logout_session_required=True,
        id_token_signed_response_alg="RS256",
    )
    browser = provider.browser(provider.resident())
    leave(browser, provider.tokens(browser, client))
    logout_worker.run_once()
    assert jws.extract_compact(website.tokens()[0].encode()).headers()["alg"] == "RS256"


def test_2_5_the_request_is_a_form(signed_in, website: Website, logout_worker: Worker):
    leave(*signed_in)
    logout_worker.run_once()
    [headers] = website.headers
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in headers
    assert list(parse_qs(website.received[0])) == ["logout_token"]


def test_2_5_only_clients_that_got_tokens_in_that_session(
    provider: Provider, website: Website, logout_worker: Worker, client: Client
):
    others = [
        provider.client(id="never-visited", backchannel_logout_uri=website.uri),
        provider.client(id="takes-no-logouts"),
        provider.client(id="code-never-redeemed", backchannel_logout_uri=website.uri),
        provider.client(id="disabled-since", backchannel_logout_uri=website.uri),
    ]
    browser = provider.browser(provider.resident())
    tokens = provider.tokens(browser, client)
    provider.tokens(browser, client)
    provider.tokens(browser, others[1])
    provider.code(browser, others[2])
    provider.tokens(browser, others[3])
    Registry(provider.storage, provider.clock).disable_client("disabled-since")
    elsewhere = provider.browser("resident-1")
    provider.tokens(elsewhere, client)
    leave(browser, tokens)
    assert logout_worker.run_once() == 1
    claims = provider.claims(website.tokens()[0])
    assert (claims["aud"], claims["sid"]) == (client.id, provider.claims(tokens["id_token"])["sid"])


def test_2_5_a_session_of_weeks_remembers_its_clients(
    provider: Provider, website: Website, logout_worker: Worker
):
    """A client without refresh tokens: its grant is long over, its own session is not."""
    client = provider.client(backchannel_logout_uri=website.uri, grant_types=["authorization_code"])
    resident = provider.resident()
    browser = provider.browser()
    with provider.storage.autocommit() as connection:
        begun = Sessions(connection).insert_session(
            resident_id=resident,
            amr=["pwd"],
            remembered=True,
            now=provider.clock.now(),
            user_agent="",
            ip_address="",
        )
    browser.client.set_cookie("session", begun.secret, domain="localhost")
    tokens = provider.tokens(browser, client)
    provider.advance(days=20)

    with provider.storage.autocommit() as connection:
        assert Grants(connection).delete_old(provider.clock.now(), 10) == 0
    leave(browser, tokens)
    assert logout_worker.run_once() == 1
    with provider.storage.autocommit() as connection:
        assert Grants(connection).delete_old(provider.clock.now(), 10) == 1


def test_2_5_told_in_the_transaction_that_ends_the_session(provider: Provider, signed_in, rows, monkeypatch):
    browser, tokens = signed_in

    def fail(*_arguments: object, **_more: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("identity.residents.sessions.lifecycle.Audit.record", fail)
        patched.setitem(provider.app.config, "PROPAGATE_EXCEPTIONS", False)  # noqa: FBT003 - a setting's value
        browser.get(f"/end-session?id_token_hint={tokens['id_token']}")
    assert rows() == []
    leave(browser, tokens)
    assert len(rows()) == 1
    leave(browser, tokens)
    assert len(rows()) == 1


def test_2_7_offline_access_outlives_it(provider: Provider, client: Client):
    browser = provider.browser(provider.resident())
    tokens = provider.tokens(browser, client, scope="openid offline_access")
    leave(browser, tokens)
    assert provider.refresh(client, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("status", [200, 204])
def test_2_8_received(signed_in, website: Website, logout_worker: Worker, rows, status: int):
    website.status = status
    leave(*signed_in)
    assert logout_worker.run_once() == 1
    assert [(row.state, row.payload) for row in rows()] == [("delivered", "")]


def test_2_8_refused_for_good(signed_in, website: Website, logout_worker: Worker, rows):
    website.status = 400
    leave(*signed_in)
    assert logout_worker.run_once() == 0
    assert [(row.state, row.last_error) for row in rows()] == [("failed", "city-website answered 400")]


@pytest.mark.parametrize("status", [302, 307, 401, 404, 429, 500, 501, 503])
def test_2_8_anything_else_is_tried_again_and_no_redirect_followed(
    provider: Provider, signed_in, website: Website, logout_worker: Worker, rows, status: int
):
    website.status = status
    leave(*signed_in)
    assert logout_worker.run_once() == 0
    assert [row.state for row in rows()] == ["waiting"]
    provider.advance(seconds=9)
    assert logout_worker.run_once() == 0
    assert len(website.received) == 1
    website.status = 200
    provider.advance(seconds=1)
    assert logout_worker.run_once() == 1
    first, second = (provider.claims(token) for token in website.tokens())
    assert second["iat"] == first["iat"] + 10
    assert first["jti"] != second["jti"]


def test_2_8_a_website_that_is_away_for_days_is_told_when_it_is_back(
    provider: Provider, signed_in, website: Website, logout_worker: Worker
):
    website.status = 503
    leave(*signed_in)
    for _ in range(80):
        logout_worker.run_once()
        provider.advance(hours=1)
    website.status = 200
    assert logout_worker.run_once() == 1


@pytest.mark.parametrize("logout_http", [OutboundHttp(replace(HTTP_LIMITS, total=0.4))])
def test_2_8_a_website_that_never_finishes_its_answer_is_left(
    signed_in, website: Website, logout_worker: Worker, rows
):
    website.pause = 0.05
    leave(*signed_in)
    assert logout_worker.run_once() == 0
    assert [(row.state, row.last_error) for row in rows()] == [("waiting", "no answer in time")]


def test_2_8_a_website_that_does_not_listen_is_tried_again(provider: Provider, logout_worker: Worker, rows):
    client = provider.client(backchannel_logout_uri="http://127.0.0.1:9/logout")
    browser = provider.browser(provider.resident())
    leave(browser, provider.tokens(browser, client))
    assert logout_worker.run_once() == 0
    assert [(row.state, row.last_error) for row in rows()] == [
        ("waiting", "no answer (ConnectionRefusedError)")
    ]


class TestWhereTheAddressLeads:
    """The request goes to an address that identity did not choose (OWASP: server-side request forgery)."""

    @pytest.fixture
    def connected(self, monkeypatch: pytest.MonkeyPatch) -> list[object]:
        """Return the addresses that were connected to; none of them answers."""
        connected: list[object] = []

        def connect(address: object, _timeout: float, **_options: object) -> socket.socket:
            connected.append(address)
            raise ConnectionRefusedError

        monkeypatch.setattr(outbound_http, "create_connection", connect)
        return connected

    @pytest.fixture
    def logout_http(self) -> OutboundHttp:
        """Return how the worker reaches clients, by names that all belong to a private network."""
        return OutboundHttp(HTTP_LIMITS, allows_loopback=True, resolve=lambda _host, _port: ["10.0.0.5"])

    def test_a_client_that_registered_itself_is_on_the_public_network(
        self, provider: Provider, logout_worker: Worker, rows, connected: list[object]
    ):
        keys = {"backchannel_logout_uri": "https://calendar.example/logout"}
        client = self_registered(provider, **keys).relying_party()
        browser = provider.browser(provider.resident())
        allowed(browser, client)
        leave(browser, provider.tokens(browser, client))
        assert logout_worker.run_once() == 0
        assert [row.last_error for row in rows()] == ["the address is not on the public network"]
        assert connected == []

    def test_an_operators_client_may_be_on_a_private_one(
        self, provider: Provider, logout_worker: Worker, connected: list[object]
    ):
        client = provider.client(backchannel_logout_uri="https://city.example/logout")
        browser = provider.browser(provider.resident())
        leave(browser, provider.tokens(browser, client))
        assert logout_worker.run_once() == 0
        assert connected == [("10.0.0.5", 443)]


def test_a_client_that_takes_no_logouts_any_more_is_not_called(
    provider: Provider, signed_in, website: Website, logout_worker: Worker
):
    leave(*signed_in)
    provider.client()
    assert logout_worker.run_once() == 1
    assert website.received == []


def test_what_waits_is_sealed(signed_in, rows):
    leave(*signed_in)
    [row] = rows()
    assert row.kind == "backchannel_logout"
    assert "resident-1" not in row.payload


class TestWhatEndsASession:
    """Every way a session ends tells the clients; the pages themselves are tested with their journeys."""

    def queued(self, rows) -> int:
        return sum(row.kind == "backchannel_logout" for row in rows())

    def test_sign_out(self, signed_in, rows):
        browser, _tokens = signed_in
        submit(browser, "/sign-out", "/sign-out")
        assert self.queued(rows) == 1

    def test_a_device_signed_out_on_the_profile_page(self, provider: Provider, signed_in, rows):
        sid = provider.sids[0]
        submit(provider.browser("resident-1"), "/profile", f"/profile/sessions/{sid}/end")
        assert self.queued(rows) == 1

    def test_every_other_device(self, provider: Provider, client: Client, signed_in, rows):
        provider.tokens(provider.browser("resident-1"), client)
        submit(provider.browser("resident-1"), "/profile", "/profile/sessions/end-others")
        assert self.queued(rows) == 2

    def test_staff_disable_a_resident(self, client: Client, provider: Provider, signed_in, staff, rows):
        staff.disable("resident-1", "case 7")
        assert self.queued(rows) == 1
        _browser, tokens = signed_in
        assert provider.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"
        staff.enable("resident-1", "case 7")
        assert provider.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"

    def test_a_deleted_residents_clients_are_told_although_no_row_is_left(
        self, provider: Provider, client: Client, website, logout_worker, signed_in, staff
    ):
        sid = provider.sids[0]
        staff.delete("resident-1", "case 7")
        assert logout_worker.run_once() == 1
        claims = provider.claims(website.tokens()[0])
        assert (claims["aud"], claims["sub"], claims["sid"]) == (client.id, "resident-1", sid)

    def test_a_providers_notice_ends_offline_access_too(
        self, provider: Provider, client: Client, signed_in, lifecycle: SessionLifecycle, rows
    ):
        """Also that of a session which ended before; each client is told once a session."""
        tokens = provider.tokens(provider.browser("resident-1"), client, scope="openid offline_access")
        provider.end_session(provider.sids[1])
        with provider.storage.transaction() as tx:
            lifecycle.end_all(tx, "resident-1", EndReason.PROVIDER_EVENT, provider.clock.now())
        assert self.queued(rows) == 2
        assert provider.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"


def submit(browser: Browser, page: str, action: str) -> None:
    """Press a button of a page, its token along."""

    token = csrf_token(browser.get(page))
    assert browser.post(action, {"csrf_token": token}).status_code in (200, 303)


def test_read_client_keeps_the_fields(client: Client, website: Website):
    content = {
        "id": "x",
        "city_id": "c",
        "name": "X",
        "redirect_uris": ["https://x.example/"],
        "initiate_login_uri": "https://x.example/",
        "backchannel_logout_uri": website.uri,
        "backchannel_logout_session_required": True,
    }
    registered = read_client(content).registered()
    assert registered.backchannel_logout_uri == website.uri
    assert registered.backchannel_logout_session_required
