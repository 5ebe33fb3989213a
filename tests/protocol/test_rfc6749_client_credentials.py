"""RFC 6749 §4.4, Client Credentials Grant: a client that speaks for itself."""

import pytest
from identity.relying_parties.admin import Registry
from identity.relying_parties.schemas import RegistrationRefusedError, read_client, read_resource
from identity_provider import CITY, ISSUER, RESOURCE, RESOURCE_SECRET, Client, Provider, answered

GRANT = {"grant_type": "client_credentials"}


def machine(provider: Provider, **changes: object) -> Client:
    """Register a client with the grant; it also signs residents in."""
    return provider.client(grant_types=["authorization_code", "client_credentials"], **changes)


def test_4_4_3_the_client_gets_an_access_token_and_nothing_else(provider: Provider):
    response = provider.token(machine(provider), **GRANT)
    assert response.status_code == 200
    assert set(response.json) == {"access_token", "token_type", "expires_in", "scope"}
    assert response.json["token_type"] == "Bearer"
    assert response.json["scope"] == "billing.link billing.read"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"


def test_rfc9068_2_2_the_client_is_the_subject_of_its_token(provider: Provider):
    token = provider.token(machine(provider), **GRANT).json["access_token"]
    claims = provider.claims(token)
    now = int(provider.clock.now().timestamp())
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "sub": "city-website",
        "aud": RESOURCE,
        "client_id": "city-website",
        "iat": now,
        "exp": now + 300,
        "scope": "billing.link billing.read",
        "city": CITY,
    }


def test_nothing_is_written(provider: Provider):
    client = machine(provider)
    before = provider.events()
    assert provider.token(client, **GRANT).status_code == 200
    assert provider.events() == before


def test_3_3_the_scope_may_be_narrowed(provider: Provider):
    answer = provider.token(machine(provider), **GRANT, scope="billing.read billing.read").json
    assert answer["scope"] == "billing.read"
    assert provider.claims(answer["access_token"])["scope"] == "billing.read"


@pytest.mark.parametrize(
    "scope",
    [
        "openid",
        "email billing.read",
        "unknown",
        "billing.read unknown",
        "   ",
        "é",
        "billing.read\tbilling.link",
    ],
)
def test_3_3_more_than_its_scope_at_the_resource_is_refused(provider: Provider, scope: str):
    response = provider.token(machine(provider), **GRANT, scope=scope)
    assert (response.status_code, response.json["error"]) == (400, "invalid_scope")


def test_3_3_a_scope_that_it_did_not_register_is_refused(provider: Provider):
    client = machine(provider, scopes=["openid", "billing.read"])
    assert provider.token(client, **GRANT).json["scope"] == "billing.read"
    response = provider.token(client, **GRANT, scope="billing.link")
    assert (response.status_code, response.json["error"]) == (400, "invalid_scope")


def test_rfc8707_2_a_token_is_for_one_resource(provider: Provider):
    other = read_resource({"id": "urn:permits", "name": "Permits", "scopes": ["permits.read"]})
    Registry(provider.storage, provider.clock).put_resource(other, RESOURCE_SECRET)
    scopes = ["openid", "billing.read", "permits.read"]
    client = machine(provider, resources=[RESOURCE, "urn:permits"], scopes=scopes)
    answer = provider.token(client, **GRANT, resource="urn:permits").json
    assert provider.claims(answer["access_token"])["aud"] == "urn:permits"
    assert answer["scope"] == "permits.read"
    for resource in (None, [RESOURCE, "urn:permits"]):
        response = provider.token(client, **GRANT, resource=resource)
        assert (response.status_code, response.json["error"]) == (400, "invalid_target"), resource


@pytest.mark.parametrize("resource", [ISSUER, "urn:unknown", "x", "é", "x" * 8000])
def test_rfc8707_2_a_resource_that_is_not_its_own_is_refused(provider: Provider, resource: str):
    response = provider.token(machine(provider), **GRANT, resource=resource)
    assert (response.status_code, response.json["error"]) == (400, "invalid_target")


def test_rfc8707_2_a_client_without_resources_gets_nothing(provider: Provider):
    client = machine(provider, resources=[], scopes=["openid"])
    assert provider.token(client, **GRANT).json["error"] == "invalid_target"


def test_5_2_the_grant_is_for_those_who_registered_it(provider: Provider):
    response = provider.token(provider.client(), **GRANT)
    assert (response.status_code, response.json["error"]) == (400, "unauthorized_client")


def test_4_4_2_the_client_must_authenticate(provider: Provider):
    client = machine(provider)
    for secret in (None, "wrong"):
        response = provider.token(Client(client.id, secret), **GRANT)
        assert (response.status_code, response.json["error"]) == (401, "invalid_client")
        assert response.headers["WWW-Authenticate"].startswith("Basic")


def test_4_4_it_is_for_confidential_clients_only(provider: Provider):
    public = provider.client(token_endpoint_auth_method="none")
    assert provider.token(public, **GRANT).json["error"] == "unauthorized_client"
    with pytest.raises(RegistrationRefusedError, match="a public client cannot use client_credentials"):
        machine(provider, token_endpoint_auth_method="none")


def test_a_disabled_client_gets_no_token(provider: Provider):
    client = machine(provider)
    Registry(provider.storage, provider.clock).disable_client(client.id)
    provider.advance(seconds=6)
    assert provider.token(client, **GRANT).status_code == 401


def test_a_client_without_residents_needs_no_addresses(provider: Provider):
    content = {
        "id": "meter-readings",
        "city_id": CITY,
        "name": "Meter readings",
        "grant_types": ["client_credentials"],
        "scopes": ["billing.read"],
        "resources": [RESOURCE],
    }
    Registry(provider.storage, provider.clock).put_client(read_client(content), Client().secret)
    client = Client("meter-readings")
    assert provider.token(client, **GRANT).json["scope"] == "billing.read"
    # And with none, no resident can be sent to it.
    assert provider.browser().authorize(client.request()).status_code == 400


def test_4_1_2_1_without_the_code_grant_no_code_is_to_be_had(provider: Provider):
    client = provider.client(grant_types=["client_credentials"])
    browser = provider.browser(provider.resident())
    assert answered(browser.authorize(client.request()))["error"] == "unauthorized_client"


def test_its_token_is_no_residents_token(provider: Provider):
    token = provider.token(machine(provider), **GRANT).json["access_token"]
    assert provider.userinfo(token).status_code == 401
