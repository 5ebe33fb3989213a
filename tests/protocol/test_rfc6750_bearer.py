"""RFC 6750, Bearer Token Usage, at the UserInfo endpoint (OpenID Connect Core §5.3)."""

from typing import Any

from identity.relying_parties.admin import Registry
from identity.residents.accounts.models import Resident
from identity_provider import ISSUER, Provider
from werkzeug.test import TestResponse


def ask(provider: Provider, method: str = "GET", **options: Any) -> TestResponse:
    return provider.app.test_client().open("/userinfo", method=method, base_url=ISSUER, **options)


def test_2_1_the_header_works_with_get_and_post(provider: Provider):
    token = provider.tokens(provider.browser(provider.resident()), provider.client())["access_token"]
    for method in ("GET", "POST"):
        for scheme in ("Bearer", "bearer"):
            response = ask(provider, method, headers={"Authorization": f"{scheme} {token}"})
            assert response.status_code == 200
            assert response.headers["Cache-Control"] == "no-store"


def test_2_2_the_form_works_with_post(provider: Provider):
    token = provider.tokens(provider.browser(provider.resident()), provider.client())["access_token"]
    assert ask(provider, "POST", data={"access_token": token}).status_code == 200


def test_2_two_tokens_at_once_are_refused(provider: Provider):
    token = provider.tokens(provider.browser(provider.resident()), provider.client())["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    response = ask(provider, "POST", headers=headers, data={"access_token": token})
    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


def test_2_3_a_token_in_the_address_is_not_looked_at(provider: Provider):
    token = provider.tokens(provider.browser(provider.resident()), provider.client())["access_token"]
    response = provider.app.test_client().get(f"/userinfo?access_token={token}", base_url=ISSUER)
    assert response.status_code == 401


def test_3_without_a_token_the_challenge_names_no_error(provider: Provider):
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"}):
        response = ask(provider, headers=headers)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="Community Access ID"'
        assert response.mimetype == "application/json"


def test_3_1_a_bad_token_is_an_invalid_token(provider: Provider):
    response = provider.userinfo("nonsense")
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_3_1_without_openid_the_scope_is_insufficient(provider: Provider):
    client = provider.client()
    token = provider.tokens(provider.browser(provider.resident()), client, scope="profile")["access_token"]
    response = provider.userinfo(token)
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    assert 'scope="openid"' in response.headers["WWW-Authenticate"]


def test_a_token_ends_with_its_session(provider: Provider):
    token = provider.tokens(provider.browser(provider.resident()), provider.client())["access_token"]
    provider.end_session(provider.sids[-1])
    assert provider.userinfo(token).status_code == 401


def test_a_token_ends_with_its_resident_and_with_its_client(provider: Provider):
    client = provider.client()
    resident = provider.resident()
    token = provider.tokens(provider.browser(resident), client)["access_token"]
    other = provider.tokens(provider.browser(provider.resident()), client)["access_token"]
    with provider.storage.transaction() as tx:
        tx.get_one(Resident, resident).disabled_at = provider.clock.now()
    assert provider.userinfo(token).status_code == 401
    assert provider.userinfo(other).status_code == 200
    Registry(provider.storage, provider.clock).disable_client(client.id)
    provider.advance(seconds=6)
    assert provider.userinfo(other).status_code == 401


def test_other_methods_are_refused_in_json(provider: Provider):
    response = ask(provider, "DELETE")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"
    assert response.mimetype == "application/json"


def test_2_2_a_token_in_a_body_of_another_media_type_does_not_count(provider: Provider):
    client = provider.client()
    token = provider.tokens(provider.browser(provider.resident()), client)["access_token"]
    ask = provider.app.test_client()
    for options in (
        {"content_type": "multipart/form-data"},
        {"content_type": "multipart/form-data; boundary=x"},
    ):
        response = ask.post("/userinfo", data={"access_token": token}, base_url=ISSUER, **options)
        assert (response.status_code, response.json["error"]) == (400, "invalid_request")
        for path in ("/token", "/par", "/introspect", "/revoke", "/device_authorization"):
            sent = ask.post(path, data={"client_id": client.id}, base_url=ISSUER, **options)
            assert (sent.status_code, sent.json["error"]) == (400, "invalid_request"), path
    beside = {"Authorization": f"Bearer {token}"}
    assert ask.post("/userinfo", json={}, headers=beside, base_url=ISSUER).status_code == 200


def test_3_every_challenge_names_the_one_protection_space(provider: Provider):
    ask = provider.app.test_client()
    for path in (
        "/token",
        "/par",
        "/introspect",
        "/revoke",
        "/device_authorization",
        "/userinfo",
        "/register",
    ):
        response = ask.post(
            path, data={"client_id": "unknown", "grant_type": "refresh_token"}, base_url=ISSUER
        )
        challenges = response.headers.getlist("WWW-Authenticate")
        assert response.status_code == 401, path
        assert challenges, path
        assert all('realm="Community Access ID"' in challenge for challenge in challenges), path
    for path in ("/notices", "/events/poll"):
        response = ask.post(path, json={}, base_url=ISSUER)
        assert 'realm="Community Access ID"' in response.headers["WWW-Authenticate"], path
