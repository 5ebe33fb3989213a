"""OpenID Connect Core 1.0 §5.3.2: userinfo as a signed JWT, for clients that registered for it."""

import base64
import json
from typing import Any

import pytest
from identity_provider import ISSUER, Browser, Provider, answered

TOLD = {
    "name": "Jane Doe",
    "given_name": "Jane",
    "family_name": "Doe",
    "locale": "en",
    "email": "jane1@example.com",
    "email_verified": True,
}


@pytest.fixture
def jane(provider: Provider) -> Browser:
    return provider.browser(provider.resident())


def header(token: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "==")))


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_5_3_2_it_is_a_jwt_with_issuer_and_audience(provider: Provider, jane: Browser, alg: str):
    client = provider.client(userinfo_signed_response_alg=alg)
    response = provider.userinfo(provider.tokens(jane, client)["access_token"])
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/jwt"
    assert response.headers["Cache-Control"] == "no-store"
    token = response.get_data(as_text=True)
    assert header(token) == {"alg": alg, "typ": "JWT", "kid": f"key-{alg}"}
    assert provider.claims(token) == {"iss": ISSUER, "aud": client.id, "sub": "resident-1"} | TOLD


def test_5_3_2_it_says_what_plain_json_says(provider: Provider, jane: Browser):
    wanted = {"userinfo_signed_response_alg": "ES256", "subject_type": "pairwise"}
    client = provider.client(**wanted)
    claims = json.dumps({"userinfo": {"given_name": None}})
    tokens = provider.tokens(jane, client, scope="openid", claims=claims)
    said = provider.claims(provider.userinfo(tokens["access_token"]).get_data(as_text=True))
    sub = provider.claims(tokens["id_token"])["sub"]
    assert said == {"iss": ISSUER, "aud": client.id, "sub": sub, "given_name": "Jane"}


def test_5_3_2_others_get_plain_json(provider: Provider, jane: Browser):
    response = provider.userinfo(provider.tokens(jane, provider.client())["access_token"])
    assert response.headers["Content-Type"] == "application/json"
    assert response.json == {"sub": "resident-1"} | TOLD


def test_5_3_3_errors_are_told_in_json(provider: Provider, jane: Browser):
    client = provider.client(userinfo_signed_response_alg="ES256")
    tokens = provider.tokens(jane, client, scope="profile")
    response = provider.userinfo(tokens["access_token"])
    assert (response.status_code, response.json["error"]) == (403, "insufficient_scope")


def test_rfc8725_3_12_it_is_no_other_token(provider: Provider, jane: Browser):
    client = provider.client(userinfo_signed_response_alg="ES256")
    token = provider.userinfo(provider.tokens(jane, client)["access_token"]).get_data(as_text=True)
    assert not {"exp", "iat", "nonce"} & provider.claims(token).keys()
    assert provider.userinfo(token).status_code == 401
    assert answered(jane.authorize(client.request(id_token_hint=token)))["error"] == "invalid_request"


def test_discovery_3_its_algorithms_are_advertised(provider: Provider):
    document = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert document["userinfo_signing_alg_values_supported"] == ["ES256", "RS256", "EdDSA"]
