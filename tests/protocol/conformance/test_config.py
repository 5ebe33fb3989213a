"""The one module of the Config plan: `oidcc-discovery-endpoint-verification`, check by check."""

import re
from typing import Any

import pytest
from identity_provider import ISSUER, Provider
from joserfc.jwk import KeySet


@pytest.fixture
def document(provider: Provider) -> dict[str, Any]:
    response = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER)
    assert (response.status_code, response.mimetype) == (200, "application/json")
    return dict(response.json or {})


def test_oidcc_discovery_endpoint_verification_issuer(document: dict[str, Any]):
    assert document["issuer"] == ISSUER


def test_oidcc_discovery_endpoint_verification_required_members(document: dict[str, Any]):
    assert "code" in document["response_types_supported"]
    assert set(document["subject_types_supported"]) <= {"public", "pairwise"}
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert {"sub", "iss", "auth_time", "acr"} <= set(document["claims_supported"])
    assert "openid" in document["scopes_supported"]
    assert set(document["claim_types_supported"]) == {"normal"}


def test_oidcc_discovery_endpoint_verification_every_list_is_one(document: dict[str, Any]):
    for name, value in document.items():
        if name.endswith("_supported") and not isinstance(value, bool):
            assert isinstance(value, list), name
            assert value, f"{name} is empty: leave it out"
            assert len(value) == len(set(value)), name


def test_oidcc_discovery_endpoint_verification_switches_are_booleans(document: dict[str, Any]):
    for name in (
        "claims_parameter_supported",
        "request_parameter_supported",
        "request_uri_parameter_supported",
        "require_request_uri_registration",
        "authorization_response_iss_parameter_supported",
    ):
        assert isinstance(document[name], bool), name


def test_oidcc_discovery_endpoint_verification_addresses_are_below_the_issuer(document: dict[str, Any]):
    addresses = {
        n: v for n, v in document.items() if n.endswith(("_endpoint", "_uri")) and isinstance(v, str)
    }
    assert {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} <= set(addresses)
    for name, address in addresses.items():
        assert re.fullmatch(rf"{re.escape(ISSUER)}/[\w./-]+", address), name


def test_oidcc_discovery_endpoint_verification_locales_are_language_tags(document: dict[str, Any]):
    for tag in document["ui_locales_supported"]:
        assert re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", tag)


def test_oidcc_discovery_endpoint_verification_challenge_methods(document: dict[str, Any]):
    assert document["code_challenge_methods_supported"] == ["S256"]


def test_oidcc_discovery_endpoint_verification_the_keys_can_be_fetched(
    provider: Provider, document: dict[str, Any]
):
    path = document["jwks_uri"].removeprefix(ISSUER)
    response = provider.app.test_client().get(path, base_url=ISSUER)
    assert response.status_code == 200
    kids = [key.kid for key in KeySet.import_key_set(response.json)]
    assert len(kids) == len(set(kids)) > 0
    algorithms = {key["alg"] for key in (response.json or {})["keys"]}
    # That of EdDSA is made for the first client that asks for it.
    assert set(document["id_token_signing_alg_values_supported"]) - {"EdDSA"} <= algorithms


def test_the_issuer_of_a_service_behind_https_is_https_everywhere(provider_url: str):
    from identity.app import create_app  # noqa: PLC0415 - one more application, for this test
    from identity.config import Settings  # noqa: PLC0415 - as above

    issuer = "https://id.example.gov"
    key = "a key of thirty-two characters or more"
    settings = Settings(issuer=issuer, database_url=provider_url, secret_keys=[key])
    app = create_app(settings, hashing="cheap")
    document = app.test_client().get("/.well-known/openid-configuration").json or {}
    app.extensions["identity"].dispose()
    for name, value in document.items():
        if name == "issuer" or name.endswith(("_endpoint", "_uri")):
            assert value.startswith(issuer), name
