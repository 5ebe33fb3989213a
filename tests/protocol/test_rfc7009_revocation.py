"""RFC 7009, OAuth 2.0 Token Revocation: a client says that it is done, and the grant ends."""

from typing import Any

import pytest
from identity_provider import ISSUER, RESOURCE, Client, Provider
from werkzeug.test import TestResponse


def revoke(provider: Provider, client: Client, **form: Any) -> TestResponse:
    headers = client.basic() if client.secret else {}
    form = form if client.secret else {"client_id": client.id} | form
    return provider.app.test_client().post("/revoke", data=form, headers=headers, base_url=ISSUER)


def flow(provider: Provider, **changes: Any) -> tuple[Client, dict[str, Any]]:
    client = provider.client(**changes)
    return client, provider.tokens(provider.browser(provider.resident()), client)


def is_over(provider: Provider, client: Client, tokens: dict[str, Any]) -> bool:
    answers = [
        provider.userinfo(tokens["access_token"]).status_code,
        provider.refresh(client, tokens["refresh_token"]).status_code,
    ]
    assert answers in ([401, 400], [200, 200]), answers
    return answers == [401, 400]


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
@pytest.mark.parametrize("hint", [None, "refresh_token", "access_token", "nonsense"])
def test_2_1_either_token_ends_all_of_its_grant(provider: Provider, kind: str, hint: str | None):
    client, tokens = flow(provider)
    response = revoke(provider, client, token=tokens[kind], **({"token_type_hint": hint} if hint else {}))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert is_over(provider, client, tokens)
    assert provider.events().count("grant_revoked") == 1


def test_2_1_tokens_for_resources_end_at_introspection(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    tokens = provider.tokens(browser, client, resource=RESOURCE, scope="openid billing.read")
    revoke(provider, client, token=tokens["refresh_token"])
    asked = {"data": {"token": tokens["access_token"]}, "headers": client.basic(), "base_url": ISSUER}
    assert provider.app.test_client().post("/introspect", **asked).json == {"active": False}


def test_2_2_doing_it_again_changes_nothing(provider: Provider):
    client, tokens = flow(provider)
    for _ in range(3):
        assert revoke(provider, client, token=tokens["refresh_token"]).status_code == 200
    assert provider.events().count("grant_revoked") == 1


@pytest.mark.parametrize("token", ["x", "a.b.c", f"{'x' * 22}.0.{'x' * 43}", "é", "x" * 8000])
def test_2_2_what_is_no_token_is_no_error(provider: Provider, token: str):
    client, tokens = flow(provider)
    assert revoke(provider, client, token=token).status_code == 200
    assert not is_over(provider, client, tokens)


def test_2_2_an_id_token_and_an_expired_access_token_end_nothing(provider: Provider):
    client, tokens = flow(provider)
    assert revoke(provider, client, token=tokens["id_token"]).status_code == 200
    provider.advance(minutes=5)
    assert revoke(provider, client, token=tokens["access_token"]).status_code == 200
    assert provider.refresh(client, tokens["refresh_token"]).status_code == 200


def test_2_1_an_older_refresh_token_ends_the_grant_too(provider: Provider):
    client, tokens = flow(provider)
    newer = provider.refresh(client, tokens["refresh_token"]).json
    provider.advance(minutes=1)
    assert revoke(provider, client, token=tokens["refresh_token"]).status_code == 200
    assert is_over(provider, client, newer)
    # The client revoked it: no replay is recorded.
    assert "refresh_replayed" not in provider.events()


def test_2_1_another_clients_token_is_left_alone(provider: Provider):
    client, tokens = flow(provider)
    another = provider.client(id="another")
    for kind in ("refresh_token", "access_token"):
        response = revoke(provider, another, token=tokens[kind])
        assert (response.status_code, response.json["error"]) == (400, "invalid_grant")
    assert not is_over(provider, client, tokens)


def test_2_1_the_residents_other_sign_ins_stay(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    done, kept = provider.tokens(browser, client), provider.tokens(browser, client)
    revoke(provider, client, token=done["refresh_token"])
    assert is_over(provider, client, done)
    assert not is_over(provider, client, kept)


def test_2_1_a_public_client_names_itself(provider: Provider):
    public, tokens = flow(provider, token_endpoint_auth_method="none")
    assert revoke(provider, Client("nobody", None), token=tokens["refresh_token"]).status_code == 401
    assert revoke(provider, public, token=tokens["refresh_token"]).status_code == 200
    assert is_over(provider, public, tokens)


def test_2_1_a_confidential_client_must_authenticate(provider: Provider):
    client, tokens = flow(provider)
    for secret in ("wrong", None):
        response = revoke(provider, Client(client.id, secret), token=tokens["refresh_token"])
        assert (response.status_code, response.json["error"]) == (401, "invalid_client")
        assert response.headers["WWW-Authenticate"].startswith("Basic")
    assert not is_over(provider, client, tokens)


def test_2_2_1_a_clients_own_token_has_nothing_to_revoke(provider: Provider):
    client = provider.client(grant_types=["authorization_code", "client_credentials"])
    token = provider.token(client, grant_type="client_credentials").json["access_token"]
    response = revoke(provider, client, token=token)
    assert (response.status_code, response.json["error"]) == (400, "unsupported_token_type")


@pytest.mark.parametrize("form", [{}, {"token": ""}, {"token": ["a", "b"]}, {"token": "x" * 9000}])
def test_2_2_1_a_faulty_request_is_refused(provider: Provider, form: dict[str, Any]):
    response = revoke(provider, provider.client(), **form)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


def test_bad_input_is_answered_in_json(provider: Provider):
    headers = provider.client().basic()
    asked = provider.app.test_client()
    for method in ("GET", "PUT", "DELETE"):
        response = asked.open("/revoke?token=x", method=method, headers=headers, base_url=ISSUER)
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")
        assert response.mimetype == "application/json"
    in_json = asked.post("/revoke", json={"token": "x"}, headers=headers, base_url=ISSUER)
    assert (in_json.status_code, in_json.json["error"]) == (400, "invalid_request")
    options = asked.options("/revoke", base_url=ISSUER)
    assert (options.status_code, options.headers["Allow"]) == (204, "POST")


def test_rfc8414_2_it_is_advertised(provider: Provider):
    document = provider.app.test_client().get("/.well-known/oauth-authorization-server").json
    assert document["revocation_endpoint"] == f"{ISSUER}/revoke"
    assert "none" in document["revocation_endpoint_auth_methods_supported"]
