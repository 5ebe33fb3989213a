"""RFC 9126, Pushed Authorization Requests."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from identity.oidc.authorization.models import PushedRequest
from identity.oidc.authorization.pushed_request_store import PushedRequestStore
from identity_provider import ISSUER, Client, Provider, answered
from page import csrf_token
from signing_client import JWKS, assertion
from werkzeug.test import TestResponse

URN = "urn:ietf:params:oauth:request_uri:"


def push(provider: Provider, client: Client, **changes: Any) -> TestResponse:
    form = client.request(**changes)
    headers = client.basic() if client.secret else {}
    return provider.app.test_client().post("/par", data=form, headers=headers, base_url=ISSUER)


def pushed(provider: Provider, client: Client, **changes: Any) -> dict[str, str]:
    response = push(provider, client, **changes)
    assert response.status_code == 201, response.json
    return {"client_id": client.id, "request_uri": response.json["request_uri"]}


def test_2_2_the_answer_is_a_reference_for_a_minute(provider: Provider):
    response = push(provider, provider.client())
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json["expires_in"] == 60
    assert response.json["request_uri"].startswith(URN)
    assert len(response.json["request_uri"]) >= len(URN) + 43


def test_4_the_reference_stands_for_the_whole_request(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    reference = pushed(provider, client, state="pushed", nonce="pushed-nonce")
    ignored = {"scope": "openid email", "state": "beside", "redirect_uri": "https://attacker.example/"}
    answer = answered(browser.authorize(reference | ignored))
    assert answer["state"] == "pushed"
    tokens = provider.redeem(client, answer["code"]).json
    assert provider.claims(tokens["id_token"])["nonce"] == "pushed-nonce"
    assert "profile" in tokens["scope"]


def test_4_it_survives_the_sign_in_in_between(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    waiting = browser.post("/authorize", pushed(provider, client))
    assert browser.get(waiting.location).location.startswith("/sign-in")
    provider.advance(minutes=10)
    browser.sign_in(provider.resident())
    assert "code" in answered(browser.get(waiting.location))


def test_7_3_a_reference_works_once_and_a_second_time_starts_over(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    reference = pushed(provider, client)
    assert "code" in answered(browser.authorize(reference))
    again = browser.authorize(reference)
    assert again.status_code == 303
    assert again.location.startswith("https://city.example/sign-in?")
    assert "reason=sign_in_already_answered" in again.location


def test_4_until_then_it_is_opened_as_often_as_the_resident_likes(provider: Provider):
    client, browser = provider.client(), provider.browser()
    reference = pushed(provider, client)
    first = browser.authorize(reference)
    provider.advance(seconds=30)
    # A reload goes on with the same interaction, also when the minute is over.
    assert browser.authorize(reference).location == first.location
    provider.advance(minutes=10)
    assert browser.authorize(reference).location == first.location
    browser.sign_in(provider.resident())
    code = answered(browser.authorize(reference))["code"]
    assert provider.redeem(client, code).status_code == 200
    assert "reason=sign_in_already_answered" in browser.authorize(reference).location


def test_4_two_browsers_may_open_it_and_one_is_answered(provider: Provider):
    client, resident = provider.client(), provider.resident()
    reference = pushed(provider, client)
    browsers = [provider.browser(), provider.browser()]
    waiting = [browser.post("/authorize", reference).location for browser in browsers]
    assert len(set(waiting)) == 2
    for browser, path in zip(browsers, waiting, strict=True):
        assert browser.get(path).location.startswith("/sign-in?")
    provider.advance(minutes=10)
    answers = []
    for browser, path in zip(browsers, waiting, strict=True):
        browser.sign_in(resident)
        answers.append(browser.get(path).location)
    assert "code=" in answers[0]
    assert "reason=sign_in_already_answered" in answers[1]


def test_4_after_the_minute_no_other_browser_opens_it(provider: Provider):
    reference = pushed(provider, provider.client())
    assert provider.browser().authorize(reference).location.startswith("/sign-in?")
    provider.advance(seconds=61)
    assert "reason=sign_in_expired" in provider.browser().authorize(reference).location


def test_4_a_resident_who_declines_has_answered_it(provider: Provider):
    client = provider.client(first_party=False)
    browser = provider.browser(provider.resident())
    reference = pushed(provider, client)
    question = browser.authorize(reference).location
    token = csrf_token(browser.get(question))
    declined = browser.post(question, {"csrf_token": token, "answer": "no"})
    assert answered(declined)["error"] == "access_denied"
    assert "reason=sign_in_already_answered" in browser.authorize(reference).location


@pytest.mark.parametrize("times", [2, 50])
def test_many_uses_at_once_have_one_winner(provider: Provider, times: int):
    client = provider.client()
    resident = provider.resident()
    browsers = [provider.browser(resident) for _ in range(times)]
    reference = pushed(provider, client)
    barrier = Barrier(times)

    def use(browser: Any) -> str:
        barrier.wait()
        return str(browser.authorize(reference).location)

    with ThreadPoolExecutor(times) as threads:
        locations = list(threads.map(use, browsers))
    codes = [location for location in locations if "code=" in location]
    assert len(codes) == 1
    assert all("reason=sign_in_already_answered" in location for location in set(locations) - set(codes))


def test_2_2_after_a_minute_it_is_over(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    in_time, late = pushed(provider, client), pushed(provider, client)
    provider.advance(seconds=59)
    assert "code" in answered(browser.authorize(in_time))
    provider.advance(seconds=1)
    assert "reason=sign_in_expired" in browser.authorize(late).location


def test_2_2_it_is_bound_to_its_client(provider: Provider):
    one, two = provider.client(), provider.client(id="another")
    browser = provider.browser(provider.resident())
    reference = pushed(provider, one)
    assert "code=" not in browser.authorize(reference | {"client_id": two.id}).location
    assert "code" in answered(browser.authorize(reference))


@pytest.mark.parametrize("reference", [f"{URN}unknown", URN, f"{URN}{'x' * 5000}", f"{URN}é"])
def test_an_unknown_reference_leads_back_to_the_client(provider: Provider, reference: str):
    client = provider.client()
    response = provider.browser().authorize({"client_id": client.id, "request_uri": reference})
    assert response.location.startswith("https://city.example/sign-in?")


def test_an_unknown_client_is_told_nothing_by_redirect(provider: Provider):
    reference = pushed(provider, provider.client())
    for client_id in ("unknown", None):
        parameters = {k: v for k, v in (reference | {"client_id": client_id}).items() if v}
        assert provider.browser().authorize(parameters).status_code == 400


def test_2_1_the_client_has_to_authenticate(provider: Provider):
    client = provider.client()
    response = provider.app.test_client().post("/par", data=client.request(), base_url=ISSUER)
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")
    client.secret = "wrong" * 10
    assert push(provider, client).status_code == 401


def test_2_an_assertion_may_name_the_endpoint(provider: Provider):
    client = provider.client(token_endpoint_auth_method="private_key_jwt", jwks=JWKS)
    for aud in (ISSUER, f"{ISSUER}/token", f"{ISSUER}/par"):
        form = client.request() | assertion(client.id, provider.clock.now(), aud=aud)
        response = provider.app.test_client().post("/par", data=form, base_url=ISSUER)
        assert response.status_code == 201, aud
        reference = {"client_id": client.id, "request_uri": response.json["request_uri"]}
        assert "code" in answered(provider.browser(provider.resident()).authorize(reference))


def test_a_public_client_may_push(provider: Provider):
    client = provider.client(token_endpoint_auth_method="none")
    browser = provider.browser(provider.resident())
    code = answered(browser.authorize(pushed(provider, client)))["code"]
    assert provider.redeem(client, code).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://attacker.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"resource": "urn:unknown"}, "invalid_target"),
        ({"request_uri": f"{URN}x"}, "invalid_request"),
        ({"request_uri": "https://city.example/request"}, "invalid_request"),
        ({"request": "nonsense"}, "request_not_supported"),
        ({"state": ["one", "two"]}, "invalid_request"),
        ({"state": "x" * 9000}, "invalid_request"),
        ({"client_id": "another"}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
    ],
)
def test_2_3_errors_come_at_once_and_in_json(provider: Provider, changes: dict[str, Any], error: str):
    response = push(provider, provider.client(), **changes)
    assert response.status_code == 400, response.json
    assert response.mimetype == "application/json"
    assert response.json["error"] == error, response.json


def test_2_1_other_methods_and_content_types_are_refused_in_json(provider: Provider):
    browser = provider.app.test_client()
    for method in ("GET", "PUT", "DELETE"):
        response = browser.open("/par", method=method, base_url=ISSUER)
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")
        assert response.mimetype == "application/json"
    assert browser.post("/par", json={}, base_url=ISSUER).status_code == 400
    large = browser.post("/par", data={"state": "x" * 70_000}, base_url=ISSUER)
    assert large.status_code in {400, 413}


def test_5_discovery_names_the_endpoint(provider: Provider):
    document = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert document["pushed_authorization_request_endpoint"] == f"{ISSUER}/par"
    assert document["require_pushed_authorization_requests"] is False


def test_6_a_client_may_be_held_to_pushing(provider: Provider):
    client = provider.client(require_pushed_authorization_requests=True)
    browser = provider.browser(provider.resident())
    assert answered(browser.authorize(client.request()))["error"] == "invalid_request"
    assert "code" in answered(browser.authorize(pushed(provider, client)))
    posted = provider.browser().post("/authorize", client.request())
    assert answered(posted)["error"] == "invalid_request"


def test_the_stored_request_holds_no_credentials(provider: Provider):
    client = provider.client(token_endpoint_auth_method="client_secret_post")
    form = client.request() | {"client_secret": client.secret}
    assert provider.app.test_client().post("/par", data=form, base_url=ISSUER).status_code == 201
    with provider.storage.transaction() as tx:
        [stored] = tx.query(PushedRequest)
    assert "client_secret" not in stored.parameters


def test_what_nobody_took_in_time_is_cleaned_away(provider: Provider):
    client = provider.client()
    pushed(provider, client)
    provider.advance(seconds=59)
    pushed(provider, client)
    with provider.storage.autocommit() as connection:
        store = PushedRequestStore(connection)
        assert store.delete_old(provider.clock.now(), 10) == 0
        provider.advance(seconds=1)
        assert store.delete_old(provider.clock.now(), 10) == 1
