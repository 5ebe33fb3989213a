"""OpenID Connect Discovery 1.0 and RFC 8414: complete, true, and addressed by the configured issuer."""

import json
from typing import Any

import pytest
from identity.relying_parties.admin import Registry
from identity.relying_parties.schemas import read_resource
from identity_provider import ISSUER, Provider
from joserfc.jwk import KeySet

DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


def fetch(provider: Provider, path: str, **options: Any):
    return provider.app.test_client().get(path, base_url=options.pop("base_url", ISSUER), **options)


def test_discovery_endpoint_verification(provider: Provider):
    response = fetch(provider, DOCUMENTS[0])
    document = response.json
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert document["issuer"] == ISSUER
    assert document["subject_types_supported"] == ["public", "pairwise"]
    assert {"RS256", "ES256", "EdDSA"} == set(document["id_token_signing_alg_values_supported"])
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["response_types_supported"] == ["code"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert {"openid", "profile", "email", "offline_access", "billing.read", "billing.link"} == set(
        document["scopes_supported"]
    )
    for name, address in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert address.startswith(f"{ISSUER}/"), name


def test_3_both_addresses_say_the_same(provider: Provider):
    bodies = {fetch(provider, path).get_data() for path in DOCUMENTS}
    assert len(bodies) == 1


def test_the_host_header_decides_nothing(provider: Provider):
    document = fetch(provider, DOCUMENTS[0], base_url="https://attacker.example").get_data(as_text=True)
    assert "attacker" not in document


def test_3_every_endpoint_advertised_is_there(provider: Provider):
    document = fetch(provider, DOCUMENTS[0]).json
    for name in ("authorization_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"):
        path = document[name].removeprefix(ISSUER)
        assert provider.app.test_client().get(path, base_url=ISSUER).status_code != 404, name
    for name in (
        "token_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "device_authorization_endpoint",
    ):
        path = document[name].removeprefix(ISSUER)
        assert provider.app.test_client().post(path, base_url=ISSUER).status_code == 400, name


def test_3_no_switch_is_advertised_that_does_not_work(provider: Provider):
    document = fetch(provider, DOCUMENTS[0]).json
    assert document["request_uri_parameter_supported"] is False


def test_a_new_resource_shows_its_scopes_within_five_seconds(provider: Provider):
    assert "permits.read" not in fetch(provider, DOCUMENTS[0]).json["scopes_supported"]
    resource = read_resource({"id": "urn:permits", "name": "Permits", "scopes": ["permits.read"]})
    Registry(provider.storage, provider.clock).put_resource(resource, "permits-secret-permits-secret-000")
    provider.advance(seconds=5)
    assert "permits.read" in fetch(provider, DOCUMENTS[0]).json["scopes_supported"]


def test_rfc7517_the_keys_are_public_and_named(provider: Provider):
    response = fetch(provider, "/jwks")
    keys = response.json["keys"]
    assert [key["alg"] for key in keys] == ["ES256", "RS256"]
    for key in keys:
        assert {"kid", "kty", "use", "alg"} <= set(key)
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
    assert KeySet.import_key_set(response.json).keys


@pytest.mark.parametrize("path", ["/jwks", *DOCUMENTS])
def test_they_may_be_kept_for_five_minutes_and_asked_for_again_cheaply(provider: Provider, path: str):
    response = fetch(provider, path)
    assert response.headers["Cache-Control"] == "public, max-age=300"
    again = fetch(provider, path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    assert again.headers["ETag"] == response.headers["ETag"]
    other = fetch(provider, path, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize("path", ["/jwks", *DOCUMENTS])
def test_scripts_of_any_website_may_read_them(provider: Provider, path: str):
    assert fetch(provider, path).headers["Access-Control-Allow-Origin"] == "*"
    options = provider.app.test_client().options(path, base_url=ISSUER)
    assert options.status_code == 204
    assert "GET" in options.headers["Allow"]
    posted = provider.app.test_client().post(path, base_url=ISSUER)
    assert (posted.status_code, posted.headers["Allow"]) == (405, "GET, HEAD")
    assert json.loads(posted.get_data())["error"] == "invalid_request"


def test_rfc9700_no_script_may_read_the_authorization_endpoint(provider: Provider):
    response = provider.browser().authorize(provider.client().request())
    assert "Access-Control-Allow-Origin" not in response.headers
