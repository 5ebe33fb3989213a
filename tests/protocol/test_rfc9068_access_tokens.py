"""RFC 9068, JWT access tokens, and RFC 8725: one kind of token never passes for another."""

import base64
import hashlib
import hmac
import json
from typing import Any

from identity_provider import ISSUER, RESOURCE, Provider
from joserfc import jwt
from joserfc.jwk import RSAKey


def header_of(token: str) -> dict[str, Any]:
    encoded = token.split(".", maxsplit=1)[0]
    return dict(json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_2_1_the_type_is_at_jwt(provider: Provider):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    assert header_of(tokens["access_token"]) == {"alg": "ES256", "typ": "at+jwt", "kid": "key-ES256"}


def test_2_2_the_claims(provider: Provider):
    client = provider.client()
    resident = provider.resident()
    tokens = provider.tokens(provider.browser(resident), client, resource=RESOURCE, scope="openid")
    claims = provider.claims(tokens["access_token"])
    now = int(provider.clock.now().timestamp())
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ISSUER, resident, RESOURCE)
    assert (claims["client_id"], claims["sid"]) == (client.id, provider.sids[-1])
    assert (claims["iat"], claims["exp"], tokens["expires_in"]) == (now, now + 300, 300)
    assert claims["amr"] == ["pwd"]
    assert claims["acr"] == "urn:community-access:acr:single-factor"
    assert claims["auth_time"] == now
    assert {"jti", "grant"} <= set(claims)


def test_2_2_every_token_has_an_id_of_its_own(provider: Provider):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    again = provider.refresh(client, tokens["refresh_token"]).json
    first, second = (provider.claims(t["access_token"]) for t in (tokens, again))
    assert first["jti"] != second["jti"]
    assert first["grant"] == second["grant"]


def test_4_an_id_token_is_no_access_token(provider: Provider):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    assert provider.userinfo(tokens["id_token"]).status_code == 401


def test_4_a_token_for_another_audience_is_refused(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    tokens = provider.tokens(browser, client, resource=RESOURCE, scope="openid billing.read")
    assert provider.userinfo(tokens["access_token"]).status_code == 401


def test_4_an_access_token_is_no_id_token_hint(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    tokens = provider.tokens(browser, client)
    response = browser.get(f"/end-session?id_token_hint={tokens['access_token']}")
    assert response.status_code == 200
    assert "is not an ID token of this issuer" in response.get_data(as_text=True)


def test_4_an_expired_token_is_refused(provider: Provider):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    provider.advance(seconds=299)
    assert provider.userinfo(tokens["access_token"]).status_code == 200
    provider.advance(seconds=1)
    assert provider.userinfo(tokens["access_token"]).status_code == 401


def test_rfc8725_3_1_the_header_chooses_no_algorithm_and_no_key(
    provider: Provider, made_keys: dict[str, Any]
):
    """`none`, a MAC with the public key, a foreign key under our id, a key brought along."""
    client = provider.client()
    genuine = provider.tokens(provider.browser(provider.resident()), client)["access_token"]
    claims = provider.claims(genuine)
    head = {"typ": "at+jwt", "kid": "key-RS256"}
    public = made_keys["RS256"].as_pem(private=False)
    signed_with_public_key = f"{encoded({'alg': 'HS256', **head})}.{encoded(claims)}"
    mac = hmac.new(public, signed_with_public_key.encode(), hashlib.sha256).digest()
    foreign = RSAKey.generate_key(2048)
    own_key = {"alg": "RS256", "typ": "at+jwt", "jwk": foreign.as_dict(private=False)}
    forged = [
        f"{encoded({'alg': 'none', **head})}.{encoded(claims)}.",
        f"{signed_with_public_key}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}",
        jwt.encode({"alg": "RS256", **head}, claims, foreign),
        jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": "unknown"}, claims, foreign),
        jwt.encode(own_key, claims, foreign),
        jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": "key-ES256"}, claims, made_keys["RS256"]),
    ]
    for token in forged:
        assert provider.userinfo(token).status_code == 401, header_of(token)


def test_rfc8725_damaged_tokens_are_refused(provider: Provider):
    client = provider.client()
    genuine = provider.tokens(provider.browser(provider.resident()), client)["access_token"]
    first, second, third = genuine.split(".")
    damaged = [
        f"{first}.{second}",
        f"{first}.{second}.{third}x",
        f"{first}.{second[:-2]}.{third}",
        f"{first}..{third}",
        "a.b.c",
        "...",
        "x" * 9000,
        "e30.e30.e30",
    ]
    for token in damaged:
        assert provider.userinfo(token).status_code == 401, token


def test_rfc8725_a_token_of_another_issuer_is_refused(provider: Provider, made_keys: dict[str, Any]):
    client = provider.client()
    claims = provider.claims(provider.tokens(provider.browser(provider.resident()), client)["access_token"])
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "key-ES256"}
    for changes in ({"iss": "https://other.example"}, {"aud": [ISSUER, "x"]}, {"exp": "soon"}, {"exp": None}):
        token = jwt.encode(head, claims | changes, made_keys["ES256"])
        assert provider.userinfo(token).status_code == 401, changes
