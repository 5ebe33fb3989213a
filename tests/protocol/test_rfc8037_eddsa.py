"""RFC 8037, EdDSA with Ed25519: for the clients that ask for it. What is signed is checked by hand."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from identity.secret_keys import SecretKeys
from identity.signing_keys.rotation import PUBLISHED_BEFORE, KeyRotation
from identity_provider import ISSUER, SECRET_KEY, Browser, Client, Provider, answered


@pytest.fixture
def client(provider: Provider) -> Client:
    return provider.client(id_token_signed_response_alg="EdDSA", userinfo_signed_response_alg="EdDSA")


@pytest.fixture
def jane(provider: Provider) -> Browser:
    return provider.browser(provider.resident())


def published(provider: Provider) -> list[dict[str, Any]]:
    return list(provider.app.test_client().get("/jwks", base_url=ISSUER).json["keys"])


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verified(provider: Provider, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims, proved by the published key."""
    head, body, signature = token.split(".")
    header = json.loads(decoded(head))
    [key] = [key for key in published(provider) if key["kid"] == header["kid"]]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert "d" not in key
    Ed25519PublicKey.from_public_bytes(decoded(key["x"])).verify(
        decoded(signature), f"{head}.{body}".encode()
    )
    return header, json.loads(decoded(body))


def test_3_1_id_tokens_and_userinfo_are_signed_so(provider: Provider, jane: Browser, client: Client):
    tokens = provider.tokens(jane, client)
    header, claims = verified(provider, tokens["id_token"])
    assert (header["alg"], header["typ"], claims["sub"]) == ("EdDSA", "JWT", "resident-1")
    userinfo = provider.userinfo(tokens["access_token"]).get_data(as_text=True)
    assert verified(provider, userinfo)[1]["email"] == "jane1@example.com"


def test_core_3_1_3_6_the_hash_is_that_of_the_curve(provider: Provider, jane: Browser, client: Client):
    tokens = provider.tokens(jane, client)
    half = hashlib.sha512(tokens["access_token"].encode()).digest()[:32]
    assert decoded(verified(provider, tokens["id_token"])[1]["at_hash"]) == half


def test_access_tokens_are_signed_as_everybodys(provider: Provider, jane: Browser, client: Client):
    tokens = provider.tokens(jane, client)
    assert json.loads(decoded(tokens["access_token"].split(".")[0]))["alg"] == "ES256"


def test_it_comes_back_as_a_hint(provider: Provider, jane: Browser, client: Client):
    hint = provider.tokens(jane, client)["id_token"]
    assert "code" in answered(jane.authorize(client.request(id_token_hint=hint, prompt="none")))
    head, body, signature = hint.split(".")
    forged = f"{head}.{body}.{signature[:-4]}AAAA"
    renamed = base64.urlsafe_b64encode(decoded(head).replace(b"EdDSA", b"Ed25519")).decode().rstrip("=")
    for bad in (forged, f"{renamed}.{body}.{signature}"):
        answer = answered(jane.authorize(client.request(id_token_hint=bad, prompt="none")))
        assert answer["error"] == "invalid_request"


def test_the_key_is_made_when_the_first_client_needs_it(provider: Provider, jane: Browser):
    provider.tokens(jane, provider.client(id="another"))
    assert [key["alg"] for key in published(provider)] == ["ES256", "RS256"]
    client = provider.client(id_token_signed_response_alg="EdDSA")
    provider.tokens(jane, client)
    provider.tokens(jane, client)
    assert [key["alg"] for key in published(provider)] == ["ES256", "RS256", "EdDSA"]


def test_the_key_is_rotated_as_the_others(provider: Provider, jane: Browser, client: Client):
    first = provider.tokens(jane, client)["id_token"]
    key_rotation = KeyRotation(provider.storage, SecretKeys([SECRET_KEY]), provider.clock)
    assert len(key_rotation.publish_next()) == 3
    provider.clock.advance(PUBLISHED_BEFORE + timedelta(seconds=5))
    key_rotation.rotate_due()
    provider.advance(seconds=5)
    second = provider.tokens(provider.browser("resident-1"), client)["id_token"]
    assert verified(provider, second)[0]["kid"] != verified(provider, first)[0]["kid"]


def test_discovery_3_it_is_advertised_by_the_name_that_clients_know(provider: Provider):
    document = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert document["id_token_signing_alg_values_supported"] == ["ES256", "RS256", "EdDSA"]
