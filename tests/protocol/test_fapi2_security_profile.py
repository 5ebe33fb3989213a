"""FAPI 2.0 Security Profile §5.3: one switch, after which no weaker choice is left."""

from typing import Any

import pytest
from identity.relying_parties.schemas import RegistrationRefusedError, read_client
from identity_provider import ISSUER, VERIFIER, Client, Provider, answered
from signing_client import JWKS, Prover, assertion, prover, request_object
from werkzeug.test import TestResponse

FAPI = {
    "profile": "fapi2",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": JWKS,
    "id": "city-website",
    "city_id": "pinellas-park",
    "name": "The city website",
    "redirect_uris": ["https://city.example/callback"],
    "initiate_login_uri": "https://city.example/sign-in",
}


def registered(provider: Provider, **changes: Any) -> Client:
    fields = {k: FAPI[k] for k in ("profile", "token_endpoint_auth_method", "jwks")}
    return provider.client(**fields | changes)


def push(provider: Provider, client: Client, alg: str = "ES256", **changes: Any) -> TestResponse:
    form = client.request() | assertion(client.id, provider.clock.now(), alg, **changes)
    return provider.app.test_client().post("/par", data=form, base_url=ISSUER)


def test_5_3_2_a_whole_flow(provider: Provider):
    client, key = registered(provider), prover(provider.clock)
    reference = {"client_id": client.id, "request_uri": push(provider, client).json["request_uri"]}
    code = answered(provider.browser(provider.resident()).authorize(reference))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": VERIFIER,
    }

    def redeem(proof: dict[str, str]) -> TestResponse:
        content = form | assertion(client.id, provider.clock.now())
        return provider.app.test_client().post("/token", data=content, headers=proof, base_url=ISSUER)

    assert redeem({}).json["error"] == "invalid_dpop_proof"
    asked = redeem(key.proof("/token"))
    assert asked.json["error"] == "use_dpop_nonce"
    key = Prover(provider.clock, key.key, asked.headers["DPoP-Nonce"])
    tokens = redeem(key.proof("/token")).json
    assert tokens["token_type"] == "DPoP"
    token = tokens["access_token"]
    assert provider.userinfo(token).status_code == 401
    headers = {"Authorization": f"DPoP {token}"} | key.proof("/userinfo", "GET", token=token)
    assert provider.app.test_client().get("/userinfo", headers=headers, base_url=ISSUER).status_code == 200


def ask(provider: Provider, client: Client, key: Prover, **form: str) -> TestResponse:
    """Ask the token endpoint, again with the nonce that it asks for."""
    content = form | assertion(client.id, provider.clock.now())
    for _attempt in range(2):
        proof, app = key.proof("/token"), provider.app.test_client()
        answer = app.post("/token", data=content, headers=proof, base_url=ISSUER)
        key.nonce = answer.headers["DPoP-Nonce"]
        if answer.json.get("error") != "use_dpop_nonce":
            break
    return answer


@pytest.mark.parametrize("hours", [12, 24 * 30], ids=["unused", "in all"])
def test_5_3_2_1_its_refresh_token_is_not_rotated_and_ends_all_the_same(provider: Provider, hours: int):
    client, key = registered(provider), prover(provider.clock)
    offline = push(provider, client).json["request_uri"]
    browser = provider.browser(provider.resident())
    code = answered(browser.authorize({"client_id": client.id, "request_uri": offline}))["code"]
    form = {"redirect_uri": client.redirect_uri, "code_verifier": VERIFIER}
    token = ask(provider, client, key, grant_type="authorization_code", code=code, **form).json[
        "refresh_token"
    ]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    for _use in range(3):
        provider.advance(hours=3)
        assert ask(provider, client, key, **form).json["refresh_token"] == token
    provider.advance(hours=hours)
    assert ask(provider, client, key, **form).json["error"] == "invalid_grant"
    assert "refresh_replayed" not in provider.events()


def test_5_3_2_1_one_that_was_replaced_before_ends_the_family(provider: Provider):
    """A client that follows the profile from now on has one token from now on."""
    fields = {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS, "dpop_bound_access_tokens": True}
    client, key = provider.client(**fields), prover(provider.clock)
    code = provider.code(provider.browser(provider.resident()), client)
    form = {"redirect_uri": client.redirect_uri, "code_verifier": VERIFIER}
    old = ask(provider, client, key, grant_type="authorization_code", code=code, **form).json["refresh_token"]
    new = ask(provider, client, key, grant_type="refresh_token", refresh_token=old).json["refresh_token"]
    assert new != old
    registered(provider)
    again = ask(provider, client, key, grant_type="refresh_token", refresh_token=old).json
    assert again["refresh_token"] == new
    provider.advance(seconds=31)
    assert (
        ask(provider, client, key, grant_type="refresh_token", refresh_token=new).json["refresh_token"] == new
    )
    provider.advance(seconds=31)
    refused = ask(provider, client, key, grant_type="refresh_token", refresh_token=old)
    assert refused.json["error"] == "invalid_grant"
    assert "refresh_replayed" in provider.events()


def test_5_3_2_2_requests_have_to_be_pushed(provider: Provider):
    client = registered(provider)
    browser = provider.browser(provider.resident())
    assert answered(browser.authorize(client.request()))["error"] == "invalid_request"
    signed = {"client_id": client.id, "redirect_uri": client.redirect_uri}
    signed["request"] = request_object(client.request(), provider.clock.now())
    assert answered(browser.authorize(signed))["error"] == "invalid_request"


def test_5_3_2_1_the_issuer_alone_is_the_audience(provider: Provider):
    client = registered(provider)
    assert push(provider, client).status_code == 201
    for aud in (f"{ISSUER}/token", f"{ISSUER}/par", [ISSUER]):
        assert push(provider, client, aud=aud).status_code == 401, aud


@pytest.mark.parametrize(("alg", "status"), [("ES256", 201), ("PS256", 201), ("EdDSA", 201), ("RS256", 401)])
def test_5_4_weaker_signatures_are_refused(provider: Provider, alg: str, status: int):
    assert push(provider, registered(provider), alg).status_code == status


def test_the_switch_fills_in_what_the_profile_asks_for():
    client = read_client(FAPI).registered()
    assert client.require_pushed_authorization_requests
    assert client.dpop_bound_access_tokens
    assert client.pkce_required
    assert client.id_token_signed_response_alg == "ES256"
    by_certificate = read_client(FAPI | {"tls_client_certificate_bound_access_tokens": True}).registered()
    assert not by_certificate.dpop_bound_access_tokens


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token_endpoint_auth_method": "client_secret_basic"}, "private_key_jwt"),
        ({"token_endpoint_auth_method": "none"}, "private_key_jwt"),
        ({"require_pushed_authorization_requests": False}, "require_pushed_authorization_requests"),
        ({"dpop_bound_access_tokens": False}, "dpop_bound_access_tokens"),
        ({"pkce_required": False}, "pkce_required"),
        ({"id_token_signed_response_alg": "RS256"}, "ES256"),
        ({"userinfo_signed_response_alg": "RS256"}, "userinfo_signed_response_alg"),
        ({"redirect_uris": ["http://127.0.0.1:8090/callback"]}, "https only"),
    ],
)
def test_no_weaker_choice_is_left(changes: dict[str, Any], words: str):
    with pytest.raises(RegistrationRefusedError) as refused:
        read_client(FAPI | changes)
    assert words in str(refused.value)
