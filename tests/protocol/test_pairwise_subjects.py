"""OpenID Connect Core 1.0 §8 and §8.1: `sub` public, or pairwise; a city is a sector."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from identity.app import create_app
from identity.config import Settings
from identity.outbox.worker import Worker
from identity.relying_parties.admin import Change, Registry
from identity.relying_parties.schemas import read_city
from identity_provider import (
    CITY,
    ISSUER,
    LOGO,
    RESOURCE,
    RESOURCE_SECRET,
    SECRET_KEY,
    Browser,
    Client,
    Provider,
    answered,
)
from logout_website import Website
from page import csrf_token
from published_by_client import Answering
from self_registration import invited, register
from werkzeug.test import TestResponse

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
GULFPORT = {
    "id": "gulfport",
    "name": "City of Gulfport",
    "website": "https://mygulfport.us",
    "support_phone": "727-893-1000",
    "support_name": "City Hall",
    "primary_color": "#1b5e4b",
    "accent_color": "#8a3b12",
    "logo_svg": LOGO,
    "time_zone": "America/New_York",
}


def pairwise(provider: Provider, name: str = "city-website", **changes: Any) -> Client:
    return provider.client(id=name, subject_type="pairwise", **changes)


def sub_of(provider: Provider, browser: Browser, client: Client) -> str:
    """Return what the client calls the resident: the same at every place where it is told."""
    tokens = provider.tokens(browser, client)
    sub = provider.claims(tokens["id_token"])["sub"]
    assert provider.userinfo(tokens["access_token"]).json["sub"] == sub
    return str(sub)


CALLBACK = "https://city.example/callback"


@pytest.fixture
def sector() -> Iterator[Any]:
    """Return a sector's own server with its list of redirect URIs."""
    with Answering(b"[]") as server:
        yield server


def in_sector(provider: Provider, sector: Any, *listed: str, **changes: Any) -> TestResponse:
    """Register a client of the sector by itself; its redirect URI is on loopback, as the sector's server."""
    sector.body = json.dumps(listed or ["http://127.0.0.1:9/callback"]).encode()
    made = invited(provider, redirect_hosts=["127.0.0.1"])
    metadata = {
        "redirect_uris": ["http://127.0.0.1:9/callback"],
        "subject_type": "pairwise",
        "sector_identifier_uri": sector.uri,
    }
    return register(provider, made.token, metadata | changes)


def test_8_1_the_list_of_the_sector_has_every_redirect_uri(provider: Provider, sector: Any):
    registered = in_sector(provider, sector)
    assert registered.status_code == 201, registered.json
    assert registered.json["sector_identifier_uri"] == sector.uri
    missing = in_sector(provider, sector, "http://127.0.0.1:9/another")
    assert (missing.status_code, missing.json["error"]) == (400, "invalid_client_metadata")
    assert "does not list http://127.0.0.1:9/callback" in missing.json["error_description"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (302, b""),
        (500, b"[]"),
        (200, b"not json"),
        (200, b'{"redirect_uris": ["http://127.0.0.1:9/callback"]}'),
        (200, b"[" * 50_000),
        (200, b'["http://127.0.0.1:9/callback"' + b" " * 70_000 + b"]"),
        (200, b"[1, null, {}]"),
    ],
    ids=["redirect", "error", "text", "object", "nested", "large", "other-types"],
)
def test_8_1_a_faulty_list_refuses_the_client_and_spends_nothing(
    provider: Provider, sector: Any, status: int, body: bytes
):
    made = invited(provider, redirect_hosts=["127.0.0.1"])
    metadata = {
        "redirect_uris": ["http://127.0.0.1:9/callback"],
        "subject_type": "pairwise",
        "sector_identifier_uri": sector.uri,
    }
    sector.status, sector.body = status, body
    refused = register(provider, made.token, metadata)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_client_metadata")
    assert refused.json["error_description"].startswith("sector_identifier_uri")
    sector.status, sector.body = 200, b'["http://127.0.0.1:9/callback"]'
    assert register(provider, made.token, metadata).status_code == 201


def test_8_1_nothing_is_fetched_without_an_invitation_or_for_a_faulty_registration(
    provider: Provider, sector: Any
):
    metadata = {"redirect_uris": [CALLBACK], "sector_identifier_uri": sector.uri}
    assert register(provider, "unknown", metadata).status_code == 401
    assert in_sector(provider, sector, subject_type="public").status_code == 400
    assert in_sector(provider, sector, redirect_uris=["https://elsewhere.example/"]).status_code == 400
    assert sector.asked == 0


def test_8_1_the_host_of_the_sector_decides_within_the_city(provider: Provider):
    browser, uri = provider.browser(provider.resident()), "https://sector.example/list.json"
    city = sub_of(provider, browser, pairwise(provider))
    one = sub_of(provider, browser, pairwise(provider, "one", sector_identifier_uri=uri))
    two = sub_of(provider, browser, pairwise(provider, "two", sector_identifier_uri=f"{uri}?two"))
    other = "https://other.example/list.json"
    three = sub_of(provider, browser, pairwise(provider, "three", sector_identifier_uri=other))
    assert one == two
    assert len({city, one, three}) == 3


@pytest.fixture
def gulfport(provider: Provider) -> str:
    assert Registry(provider.storage, provider.clock).put_city(read_city(GULFPORT)) is Change.CREATED
    return "gulfport"


@pytest.fixture
def jane(provider: Provider) -> Browser:
    return provider.browser(provider.resident())


def test_8_the_clients_of_a_city_share_it_and_those_of_another_do_not(
    provider: Provider, gulfport: str, jane: Browser
):
    website, portal = pairwise(provider), pairwise(provider, "portal")
    other = pairwise(provider, "gulfport-website", city_id=gulfport)
    public = provider.client(id="public")
    subs = [sub_of(provider, jane, client) for client in (website, portal, other, public)]
    assert subs[0] == subs[1]
    assert subs[3] == "resident-1"
    assert len(set(subs)) == 3


def test_8_1_it_tells_nothing_of_the_resident(provider: Provider, jane: Browser):
    client = pairwise(provider)
    sub = sub_of(provider, jane, client)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", sub)
    assert sub_of(provider, provider.browser(provider.resident()), client) != sub
    tokens = provider.tokens(jane, client)
    for name in ("id_token", "access_token"):
        assert "resident-1" not in json.dumps(provider.claims(tokens[name]))


def test_8_1_it_stays_the_same_whatever_is_written_anew(provider: Provider, jane: Browser):
    client = pairwise(provider)
    sub = sub_of(provider, jane, client)
    registry = Registry(provider.storage, provider.clock)
    city = GULFPORT | {"id": CITY, "name": "City of Pinellas Park and its people"}
    assert registry.put_city(read_city(city)) is Change.UPDATED
    assert registry.put_city(read_city(city)) is Change.UNCHANGED
    pairwise(provider, name="city-website", redirect_uris=[client.redirect_uri, "https://city.example/two"])
    provider.advance(minutes=1)
    assert sub_of(provider, jane, client) == sub


def test_8_1_it_stays_the_same_when_the_secret_keys_are_rotated(provider: Provider, jane: Browser):
    client = pairwise(provider)
    sub = sub_of(provider, jane, client)
    newer = "a newer key of thirty-two characters or more"
    settings = Settings(issuer=ISSUER, database_url=provider.url, secret_keys=[newer, SECRET_KEY])
    app = create_app(settings, clock=provider.clock, hashing="cheap")
    rotated = Provider(app, provider.clock, provider.storage, provider.url)
    assert sub_of(rotated, rotated.browser("resident-1"), client) == sub
    app.extensions["identity"].dispose()


def test_8_refreshed_tokens_keep_it(provider: Provider, jane: Browser):
    client = pairwise(provider)
    tokens = provider.tokens(jane, client)
    sub = provider.claims(tokens["id_token"])["sub"]
    refreshed = provider.refresh(client, tokens["refresh_token"]).json
    assert provider.claims(refreshed["id_token"])["sub"] == sub
    assert provider.userinfo(refreshed["access_token"]).json["sub"] == sub


def test_8_a_client_that_changes_its_type_gets_no_answer_about_another_name(
    provider: Provider, jane: Browser
):
    client = provider.client()
    tokens = provider.tokens(jane, client)
    pairwise(provider)
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    refreshed = provider.refresh(client, tokens["refresh_token"]).json
    assert provider.userinfo(refreshed["access_token"]).json["sub"] == sub_of(provider, jane, client)


class TestWhereItComesBack:
    """What a client was told is understood when it says it."""

    def test_3_1_2_1_as_a_hint(self, provider: Provider, jane: Browser):
        client = pairwise(provider)
        hint = provider.tokens(jane, client)["id_token"]
        request = client.request(id_token_hint=hint, prompt="none")
        assert "code" in answered(jane.authorize(request))
        john = provider.browser(provider.resident())
        assert answered(john.authorize(request))["error"] == "login_required"

    def test_5_5_1_as_the_value_of_a_claim(self, provider: Provider, jane: Browser):
        client = pairwise(provider)
        for sub, is_meant in ((sub_of(provider, jane, client), True), ("resident-1", False)):
            claims = json.dumps({"id_token": {"sub": {"value": sub}}})
            answer = answered(jane.authorize(client.request(claims=claims, prompt="none")))
            assert ("code" in answer) is is_meant, sub

    def test_rp_initiated_logout_2_its_own_resident_is_signed_out(self, provider: Provider, jane: Browser):
        client = pairwise(provider)
        hint = provider.tokens(jane, client)["id_token"]
        john = provider.browser(provider.resident())
        leave = f"/end-session?{urlencode({'id_token_hint': hint})}"
        assert "Do you want to sign out" in john.get(leave).get_data(as_text=True)
        assert "You are signed out" in jane.get(leave).get_data(as_text=True)
        assert answered(jane.authorize(client.request(prompt="none")))["error"] == "login_required"

    def test_rp_initiated_logout_2_the_session_that_a_hint_names_ends(
        self, provider: Provider, jane: Browser
    ):
        client = pairwise(provider)
        tokens = provider.tokens(jane, client)
        leave = f"/end-session?{urlencode({'id_token_hint': tokens['id_token']})}"
        assert "You are signed out" in provider.browser().get(leave).get_data(as_text=True)
        assert provider.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"
        assert provider.events().count("sign_out") == 1


class TestWhereItGoesOut:
    """The other places than ID token and userinfo."""

    def test_rfc9068_2_2_a_token_for_a_resource_has_the_public_one(self, provider: Provider, jane: Browser):
        tokens = provider.tokens(jane, pairwise(provider), resource=RESOURCE)
        assert provider.claims(tokens["access_token"])["sub"] == "resident-1"
        assert provider.claims(tokens["id_token"])["sub"] != "resident-1"

    def test_rfc8693_so_has_an_exchanged_one(self, provider: Provider, jane: Browser):
        client = pairwise(
            provider,
            grant_types=["authorization_code", EXCHANGE],
            resources=[],
            token_exchange_resources=[RESOURCE],
        )
        tokens = provider.tokens(jane, client, scope="openid billing.read")
        assert provider.claims(tokens["access_token"])["sub"] == provider.claims(tokens["id_token"])["sub"]
        exchanged = provider.token(
            client,
            grant_type=EXCHANGE,
            subject_token=tokens["access_token"],
            subject_token_type=ACCESS_TOKEN,
        )
        assert provider.claims(exchanged.json["access_token"])["sub"] == "resident-1"

    def test_rfc7662_2_2_each_asker_is_told_its_own(self, provider: Provider, jane: Browser):
        client = pairwise(provider)
        own = provider.tokens(jane, client)
        billing = provider.tokens(jane, client, resource=RESOURCE)
        sub = provider.claims(own["id_token"])["sub"]
        for token in (own["access_token"], own["refresh_token"], billing["access_token"]):
            assert introspected(provider, client.id, client.secret, token)["sub"] == sub
        by_resource = introspected(provider, RESOURCE, RESOURCE_SECRET, billing["access_token"])
        assert by_resource["sub"] == "resident-1"

    def test_backchannel_logout_2_4_a_logout_token(
        self, provider: Provider, jane: Browser, website: Website, logout_worker: Worker
    ):
        client = pairwise(provider, backchannel_logout_uri=website.uri)
        tokens = provider.tokens(jane, client)
        jane.get(f"/end-session?{urlencode({'id_token_hint': tokens['id_token']})}")
        assert logout_worker.run_once() == 1
        [logout_token] = website.tokens()
        assert provider.claims(logout_token)["sub"] == provider.claims(tokens["id_token"])["sub"]

    def test_rfc8628_3_5_the_tokens_of_a_device(self, provider: Provider, jane: Browser):
        website = pairwise(provider)
        kiosk = pairwise(provider, "kiosk", grant_types=[DEVICE], initiate_login_uri="")
        started = provider.app.test_client().post(
            "/device_authorization", data={"scope": "openid"}, headers=kiosk.basic(), base_url=ISSUER
        )
        question = submitted(jane, "/device", user_code=started.json["user_code"]).location
        submitted(jane, question, answer="yes")
        tokens = provider.token(kiosk, grant_type=DEVICE, device_code=started.json["device_code"]).json
        assert provider.claims(tokens["id_token"])["sub"] == sub_of(provider, jane, website)


def test_discovery_3_both_types_are_advertised(provider: Provider):
    document = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert document["subject_types_supported"] == ["public", "pairwise"]


def introspected(provider: Provider, name: str, secret: str | None, token: str) -> dict[str, Any]:
    credentials = f"{quote_plus(name)}:{quote_plus(secret or '')}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
    post = provider.app.test_client().post
    return dict(post("/introspect", data={"token": token}, headers=headers, base_url=ISSUER).json or {})


def submitted(browser: Browser, url: str, **form: str) -> Any:
    """Send a page's form with its token, as a browser does."""
    return browser.post(url, {"csrf_token": csrf_token(browser.get(url))} | form)
