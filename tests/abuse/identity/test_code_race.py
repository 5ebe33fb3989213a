"""Many redemptions of one code, and many uses of one refresh token, at the same moment, in real threads."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from identity_provider import ISSUER, Browser, Client, Provider, answered
from page import csrf_token
from werkzeug.test import TestResponse


def at_once(times: int, ask) -> list[TestResponse]:
    """Call `ask` from so many threads, all of them let go together."""
    barrier = Barrier(times)

    def run(_number: int) -> TestResponse:
        barrier.wait()
        return ask()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))


def winners(responses: list[TestResponse]) -> list[dict[str, str]]:
    for response in responses:
        if response.status_code != 200:
            assert (response.status_code, response.json) == (
                400,
                {"error": "invalid_grant", "error_description": "Invalid 'code' in request."},
            )
    return [response.json for response in responses if response.status_code == 200]


def prepared(provider: Provider) -> tuple[Client, str]:
    client = provider.client()
    code = provider.code(provider.browser(provider.resident()), client)
    # Every thread finds client, keys and city in the cache, so that they meet where the code is claimed.
    provider.token(client, grant_type="authorization_code", code="unknown")
    return client, code


@pytest.mark.parametrize("times", [2, 50])
def test_one_code_yields_tokens_once_and_the_replay_revokes_them(provider: Provider, times: int):
    client, code = prepared(provider)
    won = winners(at_once(times, lambda: provider.redeem(client, code)))
    assert len(won) == 1
    [tokens] = won
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    assert provider.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert provider.events().count("code_replayed") == 1


@pytest.mark.parametrize("times", [2, 50])
def test_one_refresh_token_has_one_successor(provider: Provider, times: int):
    client = provider.client()
    token = provider.tokens(provider.browser(provider.resident()), client)["refresh_token"]
    responses = at_once(times, lambda: provider.refresh(client, token))
    assert {response.status_code for response in responses} == {200}
    successors = {response.json["refresh_token"] for response in responses}
    assert len(successors) == 1
    [successor] = successors
    provider.advance(seconds=31)
    assert provider.refresh(client, successor).status_code == 200
    # The family moved on by one, not by as many as tried: the first token is now an old one.
    assert provider.refresh(client, token).json["error"] == "invalid_grant"
    assert provider.events().count("refresh_replayed") == 1


def test_one_interaction_is_answered_once(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    waiting = browser.post("/authorize", client.request())
    path = browser.get(waiting.location).location
    assert path.startswith("/sign-in")
    browser.sign_in(provider.resident())
    responses = at_once(10, lambda: browser.get(waiting.location))
    codes = [r for r in responses if "code=" in r.location]
    assert len(codes) == 1
    assert all("reason=sign_in_already_answered" in r.location for r in responses if r not in codes)


DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.mark.parametrize("times", [2, 50])
def test_one_device_code_yields_tokens_once_and_the_replay_revokes_them(provider: Provider, times: int):
    client = provider.client(grant_types=["authorization_code", "refresh_token", DEVICE_CODE])
    asked = {"data": {"scope": "openid"}, "headers": client.basic(), "base_url": ISSUER}
    device = provider.app.test_client().post("/device_authorization", **asked).json
    browser = provider.browser(provider.resident())
    question = _sent(browser, "/device", user_code=device["user_code"]).location
    assert _sent(browser, question, answer="yes").status_code == 200
    form = {"grant_type": DEVICE_CODE, "device_code": device["device_code"]}
    responses = at_once(times, lambda: provider.token(client, **form))
    [tokens] = [response.json for response in responses if response.status_code == 200]
    others = {response.json["error"] for response in responses if response.status_code != 200}
    assert others == {"invalid_grant"}
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    assert provider.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert provider.events().count("code_replayed") == 1


@pytest.mark.parametrize("times", [2, 20])
def test_one_device_is_allowed_or_refused_once(provider: Provider, times: int):
    client = provider.client(grant_types=["authorization_code", "refresh_token", DEVICE_CODE])
    asked = {"data": {"scope": "openid"}, "headers": client.basic(), "base_url": ISSUER}
    device = provider.app.test_client().post("/device_authorization", **asked).json
    browser = provider.browser(provider.resident())
    question = _sent(browser, "/device", user_code=device["user_code"]).location
    token = csrf_token(browser.get(question))
    answers = iter(["yes", "no"] * times)
    responses = at_once(times, lambda: browser.post(question, {"csrf_token": token, "answer": next(answers)}))
    assert sorted(response.status_code for response in responses) == [200] + [303] * (times - 1)
    assert provider.events().count("authorization_granted") <= 1


def _sent(browser: Browser, url: str, **form: str) -> TestResponse:
    return browser.post(url, {"csrf_token": csrf_token(browser.get(url))} | form)


def test_fifty_tabs_of_one_browser_each_get_a_code(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    session = browser.client.get_cookie("session")
    answered(browser.authorize(client.request()))

    def ask() -> TestResponse:
        tab = provider.browser()
        tab.client.set_cookie("session", session.value, domain="localhost")
        return tab.authorize(client.request())

    codes = {answered(response)["code"] for response in at_once(50, ask)}
    assert len(codes) == 50
