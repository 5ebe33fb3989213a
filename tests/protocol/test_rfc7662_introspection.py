"""RFC 7662, OAuth 2.0 Token Introspection: for the token's client and resources alone."""

import base64
from typing import Any
from urllib.parse import quote_plus

import pytest
from identity.relying_parties.admin import Registry
from identity.relying_parties.schemas import read_resource
from identity.residents.accounts.models import Resident
from identity_provider import CLIENT_SECRET, ISSUER, RESOURCE, RESOURCE_SECRET, Client, Provider
from werkzeug.test import TestResponse

INACTIVE = {"active": False}


def basic(name: str, secret: str | None) -> dict[str, str]:
    credentials = f"{quote_plus(name)}:{quote_plus(secret or '')}"
    return {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}


def ask(provider: Provider, headers: dict[str, str], **form: Any) -> TestResponse:
    return provider.app.test_client().post("/introspect", data=form, headers=headers, base_url=ISSUER)


def as_client(provider: Provider, client: Client, token: str, **form: Any) -> dict[str, Any]:
    response = ask(provider, client.basic(), token=token, **form)
    assert response.status_code == 200, response.json
    return dict(response.json or {})


def as_resource(provider: Provider, token: str) -> dict[str, Any]:
    response = ask(provider, basic(RESOURCE, RESOURCE_SECRET), token=token)
    assert response.status_code == 200, response.json
    return dict(response.json or {})


def flow(provider: Provider, **changes: Any) -> tuple[Client, dict[str, Any]]:
    client = provider.client()
    return client, provider.tokens(provider.browser(provider.resident()), client, **changes)


def billing(provider: Provider) -> tuple[Client, dict[str, Any]]:
    return flow(provider, resource=RESOURCE, scope="openid billing.read")


def test_2_2_a_client_learns_about_its_access_token(provider: Provider):
    client, tokens = flow(provider)
    now = int(provider.clock.now().timestamp())
    answer = as_client(provider, client, tokens["access_token"])
    assert answer.pop("jti")
    assert answer == {
        "active": True,
        "token_type": "Bearer",
        "iss": ISSUER,
        "sub": "resident-1",
        "aud": ISSUER,
        "client_id": client.id,
        "iat": now,
        "exp": now + 300,
        "scope": "openid profile email",
        "sid": provider.sids[-1],
        "auth_time": now,
        "acr": "urn:community-access:acr:single-factor",
        "amr": ["pwd"],
    }


def test_2_2_a_client_learns_about_its_refresh_token(provider: Provider):
    client, tokens = flow(provider)
    now = int(provider.clock.now().timestamp())
    assert as_client(provider, client, tokens["refresh_token"]) == {
        "active": True,
        "iss": ISSUER,
        "sub": "resident-1",
        "client_id": client.id,
        "scope": "openid profile email",
        "iat": now,
        "exp": now + 12 * 60 * 60,
        "sid": provider.sids[-1],
    }


def test_2_2_the_answer_is_stored_nowhere(provider: Provider):
    client, tokens = flow(provider)
    response = ask(provider, client.basic(), token=tokens["access_token"])
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"


def test_4_a_resource_learns_about_tokens_that_are_for_it(provider: Provider):
    _client, tokens = billing(provider)
    answer = as_resource(provider, tokens["access_token"])
    assert (answer["active"], answer["aud"], answer["scope"]) == (True, RESOURCE, "billing.read")
    assert "email" not in answer


def test_4_a_resource_learns_nothing_about_other_tokens(provider: Provider):
    _client, tokens = flow(provider)
    assert as_resource(provider, tokens["access_token"]) == INACTIVE
    assert as_resource(provider, tokens["refresh_token"]) == INACTIVE
    permits = read_resource({"id": "urn:permits", "name": "Permits", "scopes": ["permits.read"]})
    Registry(provider.storage, provider.clock).put_resource(permits, RESOURCE_SECRET)
    _client, tokens = billing(provider)
    other = ask(provider, basic("urn:permits", RESOURCE_SECRET), token=tokens["access_token"])
    assert (other.status_code, other.json) == (200, INACTIVE)


def test_4_a_client_learns_nothing_about_anothers_tokens(provider: Provider):
    _client, tokens = flow(provider)
    another = provider.client(id="another")
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert as_client(provider, another, token) == INACTIVE


def test_2_1_a_hint_of_any_kind_changes_nothing(provider: Provider):
    client, tokens = flow(provider)
    for hint in ("access_token", "refresh_token", "id_token", "nonsense"):
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert as_client(provider, client, token, token_type_hint=hint)["active"] is True


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", f"{'x' * 22}.0.{'x' * 43}", "é", "x" * 8000, "eyJhbGciOiJub25lIn0.e30."]
)
def test_2_2_what_is_no_token_is_not_active(provider: Provider, token: str):
    assert as_client(provider, provider.client(), token) == INACTIVE


def test_2_2_an_id_token_is_no_access_token(provider: Provider):
    client, tokens = flow(provider)
    assert as_client(provider, client, tokens["id_token"]) == INACTIVE


def test_2_2_an_expired_token_is_not_active(provider: Provider):
    client, tokens = flow(provider)
    provider.advance(seconds=299)
    assert as_client(provider, client, tokens["access_token"])["active"] is True
    provider.advance(seconds=1)
    assert as_client(provider, client, tokens["access_token"]) == INACTIVE
    assert as_client(provider, client, tokens["refresh_token"])["active"] is True
    provider.advance(hours=12)
    assert as_client(provider, client, tokens["refresh_token"]) == INACTIVE


def test_2_2_a_replaced_refresh_token_is_active_for_as_long_as_it_is_accepted(provider: Provider):
    client, tokens = flow(provider)
    successor = provider.refresh(client, tokens["refresh_token"]).json["refresh_token"]
    provider.advance(seconds=29)
    assert as_client(provider, client, tokens["refresh_token"])["active"] is True
    provider.advance(seconds=1)
    assert as_client(provider, client, tokens["refresh_token"]) == INACTIVE
    assert as_client(provider, client, successor)["active"] is True


def test_2_2_nothing_is_active_once_the_session_ended(provider: Provider):
    client, tokens = flow(provider)
    _same, for_billing = billing(provider)
    for sid in provider.sids:
        provider.end_session(sid)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert as_client(provider, client, token) == INACTIVE
    assert as_resource(provider, for_billing["access_token"]) == INACTIVE


def test_2_2_nothing_is_active_once_the_grant_was_revoked(provider: Provider):
    client, tokens = flow(provider)
    provider.refresh(client, tokens["refresh_token"])
    provider.advance(seconds=31)
    provider.refresh(client, tokens["refresh_token"])
    assert as_client(provider, client, tokens["access_token"]) == INACTIVE


def test_2_2_nothing_is_active_of_a_disabled_resident(provider: Provider):
    client, tokens = flow(provider, scope="openid offline_access")
    with provider.storage.transaction() as tx:
        tx.get_one(Resident, "resident-1").disabled_at = provider.clock.now()
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert as_client(provider, client, token) == INACTIVE


def test_2_2_nothing_is_active_of_a_disabled_client(provider: Provider):
    client, tokens = billing(provider)
    Registry(provider.storage, provider.clock).disable_client(client.id)
    provider.advance(seconds=6)
    assert as_resource(provider, tokens["access_token"]) == INACTIVE
    assert ask(provider, client.basic(), token=tokens["access_token"]).status_code == 401


def test_rfc6749_4_4_a_clients_own_token_is_active_while_the_client_is(provider: Provider):
    client = provider.client(grant_types=["authorization_code", "client_credentials"])
    token = provider.token(client, grant_type="client_credentials").json["access_token"]
    assert as_client(provider, client, token)["sub"] == client.id
    assert as_resource(provider, token)["active"] is True
    Registry(provider.storage, provider.clock).disable_client(client.id)
    provider.advance(seconds=6)
    assert as_resource(provider, token) == INACTIVE


def test_2_1_whoever_asks_must_authenticate(provider: Provider):
    client, tokens = flow(provider)
    for headers in (
        {},
        basic(client.id, "wrong"),
        basic("nobody", CLIENT_SECRET),
        basic(RESOURCE, "wrong"),
        basic(RESOURCE, CLIENT_SECRET),
        basic("urn:unknown", RESOURCE_SECRET),
        {"Authorization": f"Bearer {tokens['access_token']}"},
        {"Authorization": "Basic é"},
        {"Authorization": "Basic"},
    ):
        response = ask(provider, headers, token=tokens["access_token"])
        assert (response.status_code, response.json["error"]) == (401, "invalid_client"), headers
        assert response.headers["WWW-Authenticate"].startswith("Basic")


def test_4_a_public_client_cannot_scan_for_tokens(provider: Provider):
    public = provider.client(token_endpoint_auth_method="none")
    tokens = provider.tokens(provider.browser(provider.resident()), public)
    response = ask(provider, {}, client_id=public.id, token=tokens["access_token"])
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "form", [{}, {"token": ""}, {"token": ["a", "b"]}, {"token": "x" * 9000}, {"token": "a\0b"}]
)
def test_2_3_a_faulty_request_is_refused(provider: Provider, form: dict[str, Any]):
    response = ask(provider, provider.client().basic(), **form)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


def test_bad_input_is_answered_in_json(provider: Provider):
    headers = provider.client().basic()
    asked = provider.app.test_client()
    for method in ("GET", "PUT", "DELETE"):
        response = asked.open("/introspect?token=x", method=method, headers=headers, base_url=ISSUER)
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")
        assert response.mimetype == "application/json"
    in_json = asked.post("/introspect", json={"token": "x"}, headers=headers, base_url=ISSUER)
    assert (in_json.status_code, in_json.json["error"]) == (400, "invalid_request")
    in_query = asked.post("/introspect?token=x", headers=headers, base_url=ISSUER)
    assert in_query.status_code == 400
    long = ask(provider, headers, token="x" * 70_000)
    assert (long.status_code, long.mimetype) == (413, "application/json")


def test_rfc8414_2_it_is_advertised(provider: Provider):
    document = provider.app.test_client().get("/.well-known/oauth-authorization-server").json
    assert document["introspection_endpoint"] == f"{ISSUER}/introspect"
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
