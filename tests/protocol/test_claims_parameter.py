"""OpenID Connect Core 1.0 §5.5: claims asked for by name; `acr_values` (§3.1.2.1); the error code
unmet_authentication_requirements 1.0.
"""

import json
from typing import Any

import pytest
from identity_provider import ISSUER, Browser, Client, Provider, answered
from page import csrf_token
from signing_client import JWKS, request_object
from werkzeug.test import TestResponse

SINGLE_FACTOR = "urn:community-access:acr:single-factor"
TWO_FACTORS = "urn:community-access:acr:two-factors"
MINIMAL = {"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "nonce", "at_hash"}


@pytest.fixture
def client(provider: Provider) -> Client:
    return provider.client()


@pytest.fixture
def jane(provider: Provider) -> Browser:
    return provider.browser(provider.resident())


def asking(**members: Any) -> str:
    return json.dumps(members)


def told(provider: Provider, tokens: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the ID token and userinfo say."""
    userinfo = provider.userinfo(tokens["access_token"])
    assert userinfo.status_code == 200
    return provider.claims(tokens["id_token"]), dict(userinfo.json or {})


def error(browser: Browser, client: Client, **changes: Any) -> str:
    return answered(browser.authorize(client.request(**changes)))["error"]


@pytest.mark.parametrize("wish", [None, {"essential": True}, {"essential": False}, {"purpose": "to greet"}])
def test_5_5_each_claim_is_told_where_it_was_asked_for(
    provider: Provider, jane: Browser, client: Client, wish: Any
):
    claims = asking(userinfo={"given_name": wish}, id_token={"email": wish, "locale": wish})
    id_token, userinfo = told(provider, provider.tokens(jane, client, scope="openid", claims=claims))
    assert set(id_token) == MINIMAL | {"email", "locale"}
    assert (id_token["email"], id_token["locale"]) == ("jane1@example.com", "en")
    assert userinfo == {"sub": "resident-1", "given_name": "Jane"}


def test_5_5_they_come_beside_those_of_the_scope(provider: Provider, jane: Browser, client: Client):
    claims = asking(userinfo={"name": None})
    _id_token, userinfo = told(provider, provider.tokens(jane, client, scope="openid email", claims=claims))
    assert set(userinfo) == {"sub", "email", "email_verified", "name"}


def test_5_5_what_is_not_known_is_ignored(provider: Provider, jane: Browser, client: Client):
    claims = asking(
        userinfo={"shoe_size": {"essential": True}, "name#en": None, "verified_claims": {}},
        id_token={"urn:anything": None, "__class__": None},
        elsewhere=5,
    )
    id_token, userinfo = told(provider, provider.tokens(jane, client, scope="openid", claims=claims))
    assert set(id_token) == MINIMAL
    assert set(userinfo) == {"sub"}


def test_5_5_what_the_client_may_not_have_is_not_told(provider: Provider, jane: Browser):
    client = provider.client(scopes=["openid", "profile"], resources=[])
    asked = {"email": {"essential": True}, "email_verified": None, "name": None}
    tokens = provider.tokens(jane, client, scope="openid", claims=asking(userinfo=asked, id_token=asked))
    id_token, userinfo = told(provider, tokens)
    assert set(id_token) == MINIMAL | {"name"}
    assert set(userinfo) == {"sub", "name"}


def test_5_5_a_resident_without_an_address_has_none_to_tell(provider: Provider, client: Client):
    browser = provider.browser(provider.resident(email=None, email_key=None, email_verified_at=None))
    asked = {"email": {"essential": True}, "email_verified": {"essential": True}}
    tokens = provider.tokens(browser, client, scope="openid", claims=asking(userinfo=asked, id_token=asked))
    assert set(told(provider, tokens)[1]) == {"sub"}


def test_5_5_a_refresh_keeps_what_was_asked_for(provider: Provider, jane: Browser, client: Client):
    claims = asking(userinfo={"name": None}, id_token={"email": None})
    tokens = provider.tokens(jane, client, scope="openid", claims=claims)
    provider.advance(minutes=10)
    id_token, userinfo = told(provider, provider.refresh(client, tokens["refresh_token"]).json)
    assert id_token["email"] == "jane1@example.com"
    assert userinfo == {"sub": "resident-1", "name": "Jane Doe"}


def test_5_5_another_sign_in_is_told_nothing_of_it(provider: Provider, jane: Browser, client: Client):
    provider.tokens(jane, client, scope="openid", claims=asking(userinfo={"name": None}))
    assert set(told(provider, provider.tokens(jane, client, scope="openid"))[1]) == {"sub"}


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "claims",
        "[]",
        "5",
        '"userinfo"',
        '{"userinfo": []}',
        '{"userinfo": true}',
        '{"id_token": "name"}',
        '{"id_token": {"name": "Jane"}}',
        '{"id_token": {"name": true}}',
        '{"userinfo": {"name": {"essential": "yes"}}}',
        '{"userinfo": {"name": {"values": "Jane"}}}',
        "[" * 4000,
        '{"userinfo":' * 600,
        '{"userinfo": {"name": null}}' + " " * 9000,
    ],
)
def test_5_5_what_is_broken_is_refused(jane: Browser, client: Client, broken: str):
    assert error(jane, client, claims=broken) == "invalid_request"


def test_5_5_1_value_and_values_are_wishes(provider: Provider, jane: Browser, client: Client):
    asked = {"given_name": {"value": "John"}, "email_verified": {"essential": True, "values": [False, 5]}}
    tokens = provider.tokens(jane, client, scope="openid", claims=asking(userinfo=asked))
    assert told(provider, tokens)[1] == {"sub": "resident-1", "given_name": "Jane", "email_verified": True}


def test_5_5_1_an_essential_auth_time_is_told_as_always(provider: Provider, client: Client):
    jane = provider.browser(provider.resident())
    signed_in = int(provider.clock.now().timestamp())
    provider.advance(minutes=5)
    tokens = provider.tokens(jane, client, claims=asking(id_token={"auth_time": {"essential": True}}))
    assert provider.claims(tokens["id_token"])["auth_time"] == signed_in


class TestSub:
    """Core §3.1.2.2, §5.5.1: tokens about one resident and no other."""

    def of(self, *subjects: Any) -> str:
        [value, *others] = subjects
        return asking(id_token={"sub": {"values": [value, *others]} if others else {"value": value}})

    def test_3_1_2_2_the_resident_who_is_meant_goes_on(self, provider: Provider, client: Client):
        jane = provider.resident()
        browser = provider.browser(jane)
        for subjects in ((jane,), (5, "somebody", jane)):
            answer = answered(browser.authorize(client.request(claims=self.of(*subjects), prompt="none")))
            assert "code" in answer

    @pytest.mark.parametrize("subject", ["resident-2", "somebody", 5, None, ["resident-1"], ""])
    def test_3_1_2_2_nobody_else_does(self, jane: Browser, client: Client, subject: Any):
        assert error(jane, client, claims=self.of(subject), prompt="none") == "login_required"

    def test_3_1_2_2_another_resident_signs_in(self, provider: Provider, client: Client):
        jane, john = provider.resident(), provider.resident()
        browser = provider.browser(john)
        provider.advance(seconds=1)
        response = browser.authorize(client.request(claims=self.of(jane)))
        assert response.location.startswith("/sign-in")
        browser.sign_in(jane)
        resumed = browser.get(self.interaction(provider))
        tokens = provider.redeem(client, answered(resumed)["code"]).json
        assert provider.claims(tokens["id_token"])["sub"] == jane

    def test_3_1_2_2_who_signs_in_as_somebody_else_is_no_answer(self, provider: Provider, client: Client):
        jane, john = provider.resident(), provider.resident()
        browser = provider.browser(john)
        provider.advance(seconds=1)
        browser.authorize(client.request(claims=self.of(jane)))
        browser.sign_in(john)
        assert answered(browser.get(self.interaction(provider)))["error"] == "login_required"

    def test_3_1_2_2_a_hint_must_agree(self, provider: Provider, client: Client):
        jane, john = provider.resident(), provider.resident()
        browser = provider.browser(jane)
        hint = provider.tokens(browser, client)["id_token"]
        for subject, is_meant in ((jane, True), (john, False)):
            request = client.request(claims=self.of(subject), id_token_hint=hint, prompt="none")
            assert ("code" in answered(browser.authorize(request))) is is_meant

    def interaction(self, provider: Provider) -> str:
        with provider.storage.autocommit() as connection:
            found = connection.exec_driver_sql("SELECT id, client_id FROM interactions").one()
        return f"/authorize/resume/{found.id}?client_id={found.client_id}"


class TestAcr:
    """Core §5.5.1.1, and the error code of its own specification."""

    @pytest.mark.parametrize(
        "wish",
        [
            None,
            {"essential": True},
            {"essential": True, "value": SINGLE_FACTOR},
            {"essential": True, "values": [TWO_FACTORS, SINGLE_FACTOR]},
            {"values": [TWO_FACTORS]},
            {"essential": False, "value": TWO_FACTORS},
        ],
    )
    def test_5_5_1_1_what_can_be_met_or_is_voluntary_gets_the_acr_of_the_session(
        self, provider: Provider, jane: Browser, client: Client, wish: Any
    ):
        tokens = provider.tokens(jane, client, claims=asking(id_token={"acr": wish}))
        assert provider.claims(tokens["id_token"])["acr"] == SINGLE_FACTOR

    @pytest.mark.parametrize("wish", [{"value": TWO_FACTORS}, {"values": [TWO_FACTORS, 5]}, {"values": []}])
    @pytest.mark.parametrize("prompt", [None, "none", "login"])
    def test_5_5_1_1_what_is_essential_and_cannot_be_met_fails(
        self, provider: Provider, client: Client, wish: Any, prompt: str | None
    ):
        claims = asking(id_token={"acr": {"essential": True} | wish})
        for browser in (provider.browser(), provider.browser(provider.resident())):
            answer = answered(browser.authorize(client.request(claims=claims, prompt=prompt)))
            assert answer["error"] == "unmet_authentication_requirements"
            assert (answer["state"], answer["iss"]) == ("the-state", ISSUER)

    @pytest.mark.parametrize("values", [TWO_FACTORS, f"{TWO_FACTORS} {SINGLE_FACTOR}", "1 2", " "])
    def test_3_1_2_1_acr_values_are_voluntary(
        self, provider: Provider, jane: Browser, client: Client, values: str
    ):
        tokens = provider.tokens(jane, client, acr_values=values)
        assert provider.claims(tokens["id_token"])["acr"] == SINGLE_FACTOR


class TestConsent:
    """Core §3.1.2.4: a claim asked for by name is shown, and remembered, as the scope that contains it."""

    @pytest.fixture
    def client(self, provider: Provider) -> Client:
        return provider.client(id="news", name="The Pinellas News", first_party=False)

    def page(self, browser: Browser, client: Client, claims: str) -> tuple[str, TestResponse]:
        location = browser.authorize(client.request(scope="openid", claims=claims)).location
        return location, browser.get(location)

    def test_3_1_2_4_it_is_shown(self, provider: Provider, jane: Browser, client: Client):
        location, page = self.page(jane, client, asking(id_token={"email": {"essential": True}}))
        assert "see your email address" in page.text
        assert "see your name" not in page.text
        allowed = jane.post(location, {"csrf_token": csrf_token(page), "answer": "yes"})
        tokens = provider.redeem(client, answered(jane.get(allowed.location))["code"]).json
        assert tokens["scope"] == "openid"
        assert provider.claims(tokens["id_token"])["email"] == "jane1@example.com"
        # Not asked again, and shown on the profile page.
        again = client.request(scope="openid", claims=asking(userinfo={"email": None}), prompt="none")
        assert "code" in answered(jane.authorize(again))
        assert "see your email address" in jane.get("/profile").get_data(as_text=True)

    def test_3_1_2_4_without_it_nothing_is_told(self, provider: Provider, jane: Browser, client: Client):
        location, page = self.page(jane, client, "{}")
        jane.post(location, {"csrf_token": csrf_token(page), "answer": "yes"})
        asked = client.request(scope="openid", claims=asking(userinfo={"name": None}), prompt="none")
        assert answered(jane.authorize(asked))["error"] == "consent_required"


class TestOtherWaysIn:
    """RFC 9101 and RFC 9126: the parameter travels as every other."""

    def test_rfc9101_4_in_a_request_object_it_is_an_object(self, provider: Provider, jane: Browser):
        client = provider.client(jwks=JWKS)
        for claims in ({"userinfo": {"name": None}}, asking(userinfo={"name": None})):
            request = client.request(scope="openid") | {"claims": claims}
            jwt = request_object(request, provider.clock.now())
            answer = answered(jane.authorize({"client_id": client.id, "request": jwt}))
            tokens = provider.redeem(client, answer["code"]).json
            assert told(provider, tokens)[1] == {"sub": "resident-1", "name": "Jane Doe"}

    @pytest.mark.parametrize(
        ("claims", "expected"),
        [({"userinfo": 5}, "invalid_request"), ("{", "invalid_request"), ([], "invalid_request_object")],
    )
    def test_rfc9101_4_what_is_broken_in_it_is_refused(
        self, provider: Provider, jane: Browser, claims: Any, expected: str
    ):
        client = provider.client(jwks=JWKS)
        jwt = request_object(client.request() | {"claims": claims}, provider.clock.now())
        assert error(jane, client, request=jwt) == expected

    def test_rfc9126_2_a_pushed_request_is_checked_when_it_is_pushed(
        self, provider: Provider, jane: Browser, client: Client
    ):
        push = provider.app.test_client().post
        essential = asking(id_token={"acr": {"essential": True, "value": TWO_FACTORS}})
        for claims, expected in (("{", "invalid_request"), (essential, "unmet_authentication_requirements")):
            refused = push(
                "/par", data=client.request(claims=claims), headers=client.basic(), base_url=ISSUER
            )
            assert (refused.status_code, refused.json["error"]) == (400, expected)
        form = client.request(scope="openid", claims=asking(id_token={"name": None}))
        pushed = push("/par", data=form, headers=client.basic(), base_url=ISSUER).json
        answer = answered(jane.authorize({"client_id": client.id, "request_uri": pushed["request_uri"]}))
        tokens = provider.redeem(client, answer["code"]).json
        assert provider.claims(tokens["id_token"])["name"] == "Jane Doe"


def test_discovery_3_what_can_be_asked_for_is_advertised(provider: Provider, jane: Browser, client: Client):
    document = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert document["claims_parameter_supported"] is True
    assert document["acr_values_supported"] == [SINGLE_FACTOR]
    everything = dict.fromkeys(document["claims_supported"])
    tokens = provider.tokens(jane, client, scope="openid", claims=asking(id_token=everything))
    assert set(provider.claims(tokens["id_token"])) == set(document["claims_supported"])
