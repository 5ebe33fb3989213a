"""The eleven modules of the RP-Initiated Logout plan, by their names."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from identity_provider import ISSUER
from page import hidden_fields
from werkzeug.test import TestResponse

BACK = "https://city.example/"
ASKS = "Do you want to sign out"
ASKS_FOR = "The city website asks to sign you out"


@pytest.fixture
def response_mode() -> str:
    return "query"


@pytest.fixture
def hint(suite: Any) -> str:
    return str(suite.tokens()["id_token"])


def end_session(suite: Any, **parameters: str) -> TestResponse:
    response: TestResponse = suite.browser.get(f"/end-session?{urlencode(parameters)}")
    return response


def is_signed_in(suite: Any) -> bool:
    return "code" in suite.answer(suite.authorize(prompt="none"))


def assert_stays_here(suite: Any, response: TestResponse, words: str, *, signed_in: bool) -> None:
    assert (response.status_code, "Location" in response.headers) == (200, False)
    assert words in response.get_data(as_text=True)
    assert is_signed_in(suite) is signed_in


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(suite: Any):
    document = suite.browser.get("/.well-known/openid-configuration").json
    assert document["end_session_endpoint"] == f"{ISSUER}/end-session"


def test_oidcc_rp_initiated_logout(suite: Any, hint: str):
    response = end_session(suite, id_token_hint=hint, post_logout_redirect_uri=BACK, state="a b&c")
    assert response.status_code == 303
    assert response.location.startswith(f"{BACK}?")
    assert parse_qs(urlsplit(response.location).query) == {"state": ["a b&c"]}
    assert not is_signed_in(suite)


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(suite: Any, hint: str):
    response = end_session(
        suite, id_token_hint=hint, post_logout_redirect_uri="https://attacker.example/", state="s"
    )
    assert_stays_here(suite, response, "not registered", signed_in=False)


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(suite: Any, hint: str):
    response = end_session(suite, id_token_hint=hint, post_logout_redirect_uri=f"{BACK}?foo=bar", state="s")
    assert_stays_here(suite, response, "not registered", signed_in=False)


def test_oidcc_rp_initiated_logout_modified_id_token_hint(suite: Any, hint: str):
    head, body, signature = hint.split(".")
    changed = f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    response = end_session(suite, id_token_hint=changed, post_logout_redirect_uri=BACK, state="s")
    assert_stays_here(suite, response, ASKS, signed_in=True)


def test_oidcc_rp_initiated_logout_bad_id_token_hint(suite: Any, hint: str):
    response = end_session(suite, id_token_hint="bad", post_logout_redirect_uri=BACK, state="s")
    assert_stays_here(suite, response, ASKS, signed_in=True)


def test_oidcc_rp_initiated_logout_no_id_token_hint(suite: Any, hint: str):
    response = end_session(suite, client_id=suite.client.id, post_logout_redirect_uri=BACK, state="s")
    assert_stays_here(suite, response, ASKS_FOR, signed_in=True)
    fields = hidden_fields(response, "/end-session/confirm")
    assert suite.browser.post("/end-session/confirm", fields).location == f"{BACK}?state=s"
    assert not is_signed_in(suite)


def test_oidcc_rp_initiated_logout_no_params(suite: Any, hint: str):
    assert_stays_here(suite, end_session(suite), ASKS, signed_in=True)


def test_oidcc_rp_initiated_logout_only_state(suite: Any, hint: str):
    assert_stays_here(suite, end_session(suite, state="s"), ASKS, signed_in=True)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(suite: Any, hint: str):
    response = end_session(suite, id_token_hint=hint, state="s")
    assert_stays_here(suite, response, "You are signed out", signed_in=False)


def test_oidcc_rp_initiated_logout_no_state(suite: Any, hint: str):
    assert end_session(suite, id_token_hint=hint, post_logout_redirect_uri=BACK).location == BACK
    assert not is_signed_in(suite)
