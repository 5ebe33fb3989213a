"""RFC 8693, OAuth 2.0 Token Exchange: from a website's token to one for a service behind it."""

from typing import Any

import pytest
from identity.relying_parties.admin import Registry
from identity.relying_parties.schemas import RegistrationRefusedError, read_client, read_resource
from identity.residents.accounts.models import Resident
from identity_provider import CITY, ISSUER, RESOURCE, RESOURCE_SECRET, Client, Provider
from werkzeug.test import TestResponse

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SCOPE = "openid profile billing.read billing.link"


def website(provider: Provider, **changes: Any) -> Client:
    content = {
        "grant_types": ["authorization_code", "refresh_token", GRANT],
        "resources": [],
        "token_exchange_resources": [RESOURCE],
    } | changes
    return provider.client(**content)


def signed_in(provider: Provider, client: Client, **changes: Any) -> dict[str, Any]:
    browser = provider.browser(provider.resident())
    return provider.tokens(browser, client, **({"scope": SCOPE} | changes))


def exchange(provider: Provider, client: Client, token: str | None, **changes: Any) -> TestResponse:
    form = {
        "grant_type": GRANT,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "resource": RESOURCE,
    }
    return provider.token(client, **(form | changes))


def test_2_2_1_a_token_of_userinfo_becomes_one_of_the_resource(provider: Provider):
    client = website(provider)
    tokens = signed_in(provider, client)
    response = exchange(provider, client, tokens["access_token"])
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    answer = dict(response.json or {})
    assert answer.pop("access_token")
    assert answer == {
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "billing.read billing.link",
    }


def test_rfc9068_2_2_who_signed_in_when_and_how_is_carried_over(provider: Provider):
    client = website(provider)
    tokens = signed_in(provider, client)
    old = provider.claims(tokens["access_token"])
    provider.advance(seconds=20)
    new = provider.claims(exchange(provider, client, tokens["access_token"]).json["access_token"])
    for name in ("iss", "sub", "client_id", "sid", "auth_time", "acr", "amr", "grant"):
        assert new[name] == old[name], name
    assert (new["aud"], new["city"]) == (RESOURCE, CITY)
    assert (new["email"], new["email_verified"]) == ("jane1@example.com", True)
    assert new["jti"] != old["jti"]
    assert new["exp"] == old["exp"]


def test_2_1_the_resource_may_be_named_as_audience(provider: Provider):
    client = website(provider)
    token = signed_in(provider, client)["access_token"]
    for named in ({"resource": None, "audience": RESOURCE}, {"audience": RESOURCE}, {"resource": None}):
        answer = exchange(provider, client, token, **named).json
        assert provider.claims(answer["access_token"])["aud"] == RESOURCE


def test_2_1_the_scope_may_be_narrowed(provider: Provider):
    client = website(provider)
    token = signed_in(provider, client)["access_token"]
    answer = exchange(provider, client, token, scope="billing.read").json
    assert answer["scope"] == "billing.read"
    assert provider.claims(answer["access_token"])["scope"] == "billing.read"


@pytest.mark.parametrize(
    "scope", ["billing.link", "openid", "profile", "unknown", "billing.read billing.link"]
)
def test_2_1_nothing_comes_of_it_that_was_not_granted(provider: Provider, scope: str):
    client = website(provider)
    token = signed_in(provider, client, scope="openid billing.read")["access_token"]
    response = exchange(provider, client, token, scope=scope)
    assert (response.status_code, response.json["error"]) == (400, "invalid_scope")


def test_2_1_without_a_granted_scope_there_is_nothing_to_be_had(provider: Provider):
    client = website(provider)
    token = signed_in(provider, client, scope="openid profile")["access_token"]
    assert exchange(provider, client, token).json["error"] == "invalid_scope"


def test_2_2_2_only_the_resources_of_its_policy(provider: Provider):
    permits = read_resource({"id": "urn:permits", "name": "Permits", "scopes": ["permits.read"]})
    Registry(provider.storage, provider.clock).put_resource(permits, RESOURCE_SECRET)
    client = website(provider, resources=["urn:permits"])
    token = signed_in(provider, client)["access_token"]
    for resource in ("urn:permits", "urn:unknown", ISSUER, "é", [RESOURCE, "urn:permits"]):
        response = exchange(provider, client, token, resource=resource)
        assert (response.status_code, response.json["error"]) == (400, "invalid_target"), resource


def test_2_1_a_client_exchanges_its_own_tokens_only(provider: Provider):
    client, other = website(provider), website(provider, id="another")
    token = signed_in(provider, other)["access_token"]
    response = exchange(provider, client, token)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


def test_2_2_2_an_expired_token_is_refused(provider: Provider):
    client = website(provider)
    token = signed_in(provider, client)["access_token"]
    provider.advance(seconds=299)
    assert exchange(provider, client, token).json["expires_in"] == 1
    provider.advance(seconds=1)
    assert exchange(provider, client, token).json["error"] == "invalid_request"


def test_2_2_2_a_revoked_token_is_refused(provider: Provider):
    client = website(provider)
    tokens = signed_in(provider, client)
    form = {"token": tokens["refresh_token"]}
    provider.app.test_client().post("/revoke", data=form, headers=client.basic(), base_url=ISSUER)
    assert exchange(provider, client, tokens["access_token"]).json["error"] == "invalid_request"


def test_2_2_2_a_token_of_an_ended_session_is_refused(provider: Provider):
    client = website(provider)
    token = signed_in(provider, client)["access_token"]
    provider.end_session(provider.sids[-1])
    assert exchange(provider, client, token).json["error"] == "invalid_request"


def test_2_2_2_a_token_of_a_disabled_resident_is_refused(provider: Provider):
    client = website(provider)
    token = signed_in(provider, client)["access_token"]
    with provider.storage.transaction() as tx:
        tx.get_one(Resident, "resident-1").disabled_at = provider.clock.now()
    assert exchange(provider, client, token).json["error"] == "invalid_request"


def test_2_1_other_kinds_of_tokens_are_refused(provider: Provider):
    grants = ["authorization_code", "refresh_token", "client_credentials", GRANT]
    client = website(provider, grant_types=grants, resources=[RESOURCE])
    tokens = signed_in(provider, client)
    own = provider.token(client, grant_type="client_credentials").json["access_token"]
    exchanged = exchange(provider, client, tokens["access_token"]).json["access_token"]
    for token in (tokens["id_token"], tokens["refresh_token"], own, exchanged, "x", "a.b.c", "é"):
        response = exchange(provider, client, token)
        assert (response.status_code, response.json["error"]) == (400, "invalid_request"), token


@pytest.mark.parametrize(
    "changes",
    [
        {"subject_token": None},
        {"subject_token": ""},
        {"subject_token": ["a", "b"]},
        {"subject_token": "x" * 9000},
        {"subject_token_type": None},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"subject_token_type": "é"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"actor_token": "x", "actor_token_type": ACCESS_TOKEN},
        {"actor_token_type": ACCESS_TOKEN},
    ],
)
def test_2_2_2_a_faulty_request_is_refused(provider: Provider, changes: dict[str, Any]):
    client = website(provider)
    token = signed_in(provider, client)["access_token"]
    response = exchange(provider, client, token, **changes)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


def test_2_1_the_type_that_there_is_may_be_asked_for(provider: Provider):
    client = website(provider)
    token = signed_in(provider, client)["access_token"]
    assert exchange(provider, client, token, requested_token_type=ACCESS_TOKEN).status_code == 200


def test_2_1_the_client_must_authenticate_and_have_registered_the_grant(provider: Provider):
    client = website(provider)
    token = signed_in(provider, client)["access_token"]
    assert exchange(provider, Client(client.id, "wrong"), token).status_code == 401
    other = provider.client(id="another")
    response = exchange(provider, other, signed_in(provider, other)["access_token"])
    assert (response.status_code, response.json["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"token_exchange_resources": []}, "go together"),
        ({"grant_types": ["authorization_code"]}, "go together"),
        ({"token_endpoint_auth_method": "none"}, "a public client cannot use"),
        ({"first_party": False}, "are asked about each resource"),
    ],
)
def test_the_policy_is_checked_when_it_is_registered(provider: Provider, changes: dict[str, Any], fault: str):
    with pytest.raises(RegistrationRefusedError, match=fault):
        website(provider, **changes)


def test_a_policy_names_registered_resources(provider: Provider):
    with pytest.raises(RegistrationRefusedError, match="there is no resource 'urn:unknown'"):
        website(provider, token_exchange_resources=["urn:unknown"])
    assert read_client({"id": "x", "city_id": CITY, "name": "X", "grant_types": ["client_credentials"]})


def test_an_exchanged_token_dies_with_its_grant(provider: Provider):
    client = website(provider)
    tokens = signed_in(provider, client)
    exchanged = exchange(provider, client, tokens["access_token"]).json["access_token"]

    def is_active() -> bool:
        asked = {"data": {"token": exchanged}, "headers": client.basic(), "base_url": ISSUER}
        return bool(provider.app.test_client().post("/introspect", **asked).json["active"])

    assert is_active()
    provider.end_session(provider.sids[-1])
    assert not is_active()


def test_rfc8414_2_it_is_advertised(provider: Provider):
    document = provider.app.test_client().get("/.well-known/oauth-authorization-server").json
    assert GRANT in document["grant_types_supported"]
