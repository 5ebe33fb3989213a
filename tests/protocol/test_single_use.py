"""What works once is spent by a request that succeeds, together with what it yields, and by no other.

RFC 9449 §8: a client that is answered `use_dpop_nonce` repeats its request with the nonce. It may repeat as
well after any other error, and when the service or its database failed: its assertion (RFC 7523 §3), its
request object (RFC 9101), its code, device code and refresh token are as good as before.
"""

from collections.abc import Callable
from typing import Any

import pytest
from identity.errors import UnavailableError
from identity.oidc.authorization.pushed_request_store import PushedRequestStore
from identity.oidc.device.store import DeviceAuthorizations
from identity.oidc.grants.redemption_store import Redemptions
from identity.oidc.grants.store import Grants
from identity_provider import ISSUER, RESOURCE, VERIFIER, Client, Provider, answered
from page import csrf_token
from signing_client import JWKS, Prover, assertion, prover, request_object
from werkzeug.test import TestResponse

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
GRANTS = ["authorization_code", "refresh_token", "client_credentials", DEVICE, EXCHANGE]

Form = dict[str, Any]


def registered(provider: Provider, **changes: Any) -> Client:
    fields = {
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": JWKS,
        "dpop_bound_access_tokens": True,
        "grant_types": GRANTS,
        "token_exchange_resources": [RESOURCE],
    }
    return provider.client(**fields | changes)


def send(provider: Provider, path: str, form: Form, key: Prover | None = None) -> TestResponse:
    proof = key.proof(path) if key else {}
    return provider.app.test_client().post(path, data=form, headers=proof, base_url=ISSUER)


def with_nonce(provider: Provider, key: Prover) -> Prover:
    answer = send(provider, "/token", {"grant_type": "refresh_token"}, key)
    return Prover(provider.clock, key.key, answer.headers["DPoP-Nonce"])


def code_form(provider: Provider, client: Client, _key: Prover) -> Form:
    browser = provider.browser(provider.resident())
    code = provider.code(browser, client, scope="openid billing.read", resource=[ISSUER, RESOURCE])
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": VERIFIER,
        "resource": ISSUER,
    }


def tokens(provider: Provider, client: Client, key: Prover) -> dict[str, Any]:
    form = code_form(provider, client, key) | assertion(client.id, provider.clock.now())
    response = send(provider, "/token", form, with_nonce(provider, key))
    assert response.status_code == 200, response.json
    return dict(response.json)


def refresh_form(provider: Provider, client: Client, key: Prover) -> Form:
    return {
        "grant_type": "refresh_token",
        "refresh_token": tokens(provider, client, key)["refresh_token"],
        "resource": ISSUER,
    }


def own_form(_provider: Provider, _client: Client, _key: Prover) -> Form:
    return {"grant_type": "client_credentials", "resource": RESOURCE}


def exchange_form(provider: Provider, client: Client, key: Prover) -> Form:
    return {
        "grant_type": EXCHANGE,
        "subject_token": tokens(provider, client, key)["access_token"],
        "subject_token_type": ACCESS_TOKEN,
        "resource": RESOURCE,
    }


def device(provider: Provider, client: Client) -> dict[str, Any]:
    form = {"scope": "openid"} | assertion(client.id, provider.clock.now())
    return dict(send(provider, "/device_authorization", form).json)


def allow(provider: Provider, begun: dict[str, Any]) -> None:
    browser, url = provider.browser(provider.resident()), "/device"
    for form in ({"user_code": begun["user_code"]}, {"answer": "yes"}):
        response = browser.post(url, {"csrf_token": csrf_token(browser.get(url))} | form)
        url = response.headers.get("Location", "")
    assert response.status_code == 200


def device_form(provider: Provider, client: Client, _key: Prover) -> Form:
    begun = device(provider, client)
    allow(provider, begun)
    return {"grant_type": DEVICE, "device_code": begun["device_code"]}


def pushed_form(provider: Provider, client: Client, _key: Prover) -> Form:
    return {"client_id": client.id, "request": request_object(client.request(), provider.clock.now())}


Prepare = Callable[[Provider, Client, Prover], Form]
AT_TOKEN = [code_form, refresh_form, own_form, exchange_form, device_form]
REQUESTS = [*[("/token", prepare) for prepare in AT_TOKEN], ("/par", pushed_form)]


def name(value: Any) -> str:
    return value if isinstance(value, str) else value.__name__.removesuffix("_form")


@pytest.mark.parametrize(("path", "prepare"), REQUESTS, ids=name)
def test_rfc9449_8_a_challenge_for_a_nonce_spends_nothing(provider: Provider, path: str, prepare: Prepare):
    client, key = registered(provider), prover(provider.clock)
    form = prepare(provider, client, key) | assertion(client.id, provider.clock.now())
    challenged = send(provider, path, form, key)
    assert (challenged.status_code, challenged.json["error"]) == (400, "use_dpop_nonce")
    key.nonce = challenged.headers["DPoP-Nonce"]
    # The client changes nothing but the proof.
    repeated = send(provider, path, form, key)
    assert repeated.status_code in (200, 201), repeated.json
    replayed = send(provider, path, form, key)
    assert (replayed.status_code, replayed.json["error"]) == (401, "invalid_client")
    assert "used before" in replayed.json["error_description"]


@pytest.mark.parametrize("prepare", AT_TOKEN, ids=name)
@pytest.mark.parametrize(
    ("mistake", "error"),
    [({"resource": "urn:another"}, "invalid_target"), ({"grant_type": "password"}, "unsupported_grant_type")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_that_was_refused_is_mended_and_sent_again(
    provider: Provider, prepare: Prepare, mistake: Form, error: str
):
    client, key = registered(provider), prover(provider.clock)
    form = prepare(provider, client, key) | assertion(client.id, provider.clock.now())
    key = with_nonce(provider, key)
    assert send(provider, "/token", form | mistake, key).json["error"] == error
    assert send(provider, "/token", form, key).status_code == 200


def test_rfc8628_3_5_a_device_polls_with_one_assertion_until_it_is_answered(provider: Provider):
    client = registered(provider)
    begun, key = device(provider, client), with_nonce(provider, prover(provider.clock))
    form = {"grant_type": DEVICE, "device_code": begun["device_code"]}
    form |= assertion(client.id, provider.clock.now())
    for error in ("authorization_pending", "slow_down"):
        assert send(provider, "/token", form, key).json["error"] == error
    allow(provider, begun)
    assert send(provider, "/token", form, key).status_code == 200


def test_a_pushed_request_that_was_refused_is_mended_and_pushed_again(provider: Provider):
    client, key = registered(provider), with_nonce(provider, prover(provider.clock))
    form = pushed_form(provider, client, key) | assertion(client.id, provider.clock.now())
    wrong = form | {"request_uri": "urn:x"}
    assert send(provider, "/par", wrong, key).json["error"] == "invalid_request"
    assert send(provider, "/par", form, key).status_code == 201


@pytest.mark.parametrize(
    ("path", "prepare", "store", "statement"),
    [
        ("/token", code_form, Redemptions, "claim_code"),
        ("/token", device_form, Redemptions, "claim_code"),
        ("/token", refresh_form, Redemptions, "rotate"),
        ("/par", pushed_form, PushedRequestStore, "add_request"),
        ("/device_authorization", own_form, DeviceAuthorizations, "add_device"),
        ("/revoke", lambda *given: {"token": tokens(*given)["access_token"]}, Grants, "revoke_grant"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_database_that_fails_in_between_leaves_the_request_as_it_was(
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    prepare: Prepare,
    store: type,
    statement: str,
):
    client, key = registered(provider), prover(provider.clock)
    form = prepare(provider, client, key) | assertion(client.id, provider.clock.now())
    key = with_nonce(provider, key)
    proof = key.proof(path)

    def ask() -> TestResponse:
        return provider.app.test_client().post(path, data=form, headers=proof, base_url=ISSUER)

    def fail(*_arguments: Any, **_named: Any) -> None:
        raise UnavailableError("the database does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(store, statement, fail)
        assert ask().status_code >= 500
    # Even the same proof: nothing of it was spent.
    assert ask().status_code in (200, 201)
    assert ask().status_code in (400, 401)


def test_a_database_that_fails_when_the_code_is_issued_leaves_the_pushed_request(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    client, key = registered(provider), with_nonce(provider, prover(provider.clock))
    form = pushed_form(provider, client, key) | assertion(client.id, provider.clock.now())
    reference = {
        "client_id": client.id,
        "request_uri": send(provider, "/par", form, key).json["request_uri"],
    }
    browser = provider.browser(provider.resident())

    def fail(*_arguments: Any, **_named: Any) -> None:
        raise UnavailableError("the database does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(Grants, "issue", fail)
        assert browser.authorize(reference).status_code >= 500
    assert "code" in answered(browser.authorize(reference))
