"""OpenID Connect RP-Initiated Logout 1.0; names after the modules of the conformance suite."""

from urllib.parse import urlencode

import pytest
from identity.relying_parties.admin import Registry
from identity_provider import Browser, Client, Provider
from page import Page, hidden_fields
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

BACK = "https://city.example/"


def end_session(browser: Browser, **parameters: str) -> TestResponse:
    return browser.get(f"/end-session?{urlencode(parameters)}")


def is_signed_in(provider: Provider, browser: Browser, client: Client) -> bool:
    return "code=" in (browser.authorize(client.request(prompt="none")).location or "")


@pytest.fixture
def signed_in(provider: Provider) -> tuple[Browser, Client, str]:
    client = provider.client()
    browser = provider.browser(provider.resident())
    return browser, client, provider.tokens(browser, client)["id_token"]


def test_rp_initiated_logout(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, hint = signed_in
    response = end_session(browser, id_token_hint=hint, post_logout_redirect_uri=BACK, state="a b")
    assert response.status_code == 303
    assert response.location == f"{BACK}?state=a+b"
    assert not is_signed_in(provider, browser, client)
    assert provider.events().count("sign_out") == 1


def test_no_state(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, _client, hint = signed_in
    assert end_session(browser, id_token_hint=hint, post_logout_redirect_uri=BACK).location == BACK


def test_only_state(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, _hint = signed_in
    assert "Do you want to sign out" in end_session(browser, state="x").get_data(as_text=True)
    assert is_signed_in(provider, browser, client)


def test_no_params(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, _hint = signed_in
    assert "Do you want to sign out" in end_session(browser).get_data(as_text=True)
    assert is_signed_in(provider, browser, client)


def test_no_post_logout_redirect_uri(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, hint = signed_in
    response = end_session(browser, id_token_hint=hint)
    assert response.status_code == 200
    assert "You are signed out" in response.get_data(as_text=True)
    assert not is_signed_in(provider, browser, client)


def test_bad_post_logout_redirect_uri(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, _client, hint = signed_in
    for uri in ("https://attacker.example/", f"{BACK}x", BACK.rstrip("/")):
        response = end_session(browser, id_token_hint=hint, post_logout_redirect_uri=uri)
        assert response.status_code == 200, uri
        assert "not registered" in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({}, "post_logout_redirect_uri needs an id_token_hint or a client_id beside it."),
        ({"client_id": "unknown"}, "There is no client with the client_id of this request."),
        (
            {"client_id": "city-website", "post_logout_redirect_uri": f"{BACK}x"},
            "is not registered for this client",
        ),
        ({"id_token_hint": "nonsense"}, "id_token_hint is not an ID token of this issuer."),
    ],
    ids=["neither", "unknown-client", "unregistered", "bad-hint"],
)
@pytest.mark.parametrize("is_signed_in", [True, False])
def test_what_is_missing_is_named_on_the_page_and_in_the_log(
    provider: Provider,
    parameters: dict[str, str],
    fault: str,
    is_signed_in: bool,  # noqa: FBT001 - pytest names it
):
    provider.client()
    browser = provider.browser(provider.resident() if is_signed_in else None)
    with capture_logs() as logs:
        response = end_session(browser, **{"post_logout_redirect_uri": BACK} | parameters)
    assert fault in Page.ok(response).text
    [event] = [event for event in logs if event["event"] == "end_session_request_faulty"]
    assert fault in event["fault"]


def test_query_added_to_post_logout_redirect_uri(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, _client, hint = signed_in
    response = end_session(browser, id_token_hint=hint, post_logout_redirect_uri=f"{BACK}?x=1")
    assert response.status_code == 200


def test_bad_id_token_hint(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, _hint = signed_in
    response = end_session(browser, id_token_hint="nonsense", post_logout_redirect_uri=BACK)
    assert response.status_code == 200
    assert "Do you want to sign out" in response.get_data(as_text=True)
    assert is_signed_in(provider, browser, client)


def test_modified_id_token_hint(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, hint = signed_in
    head, body, signature = hint.split(".")
    changed = f"{head}.{body}.{signature[::-1]}"
    response = end_session(browser, id_token_hint=changed, post_logout_redirect_uri=BACK)
    assert response.status_code == 200
    assert is_signed_in(provider, browser, client)


def test_2_a_hint_of_a_client_that_is_gone_asks(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, hint = signed_in
    still_there = provider.client(id="another")
    Registry(provider.storage, provider.clock).disable_client(client.id)
    provider.advance(seconds=6)
    response = end_session(browser, id_token_hint=hint, post_logout_redirect_uri=BACK)
    assert (response.status_code, "Location" in response.headers) == (200, False)
    assert is_signed_in(provider, browser, still_there)


def test_no_id_token_hint_asks_and_then_goes_back(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, _hint = signed_in
    page = end_session(browser, client_id=client.id, post_logout_redirect_uri=BACK, state="s")
    assert "The city website asks to sign you out" in page.text
    assert is_signed_in(provider, browser, client)
    fields = hidden_fields(page, "/end-session/confirm")
    response = browser.post("/end-session/confirm", fields)
    assert response.location == f"{BACK}?state=s"
    assert not is_signed_in(provider, browser, client)


def test_the_confirmation_cannot_be_forged(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, _hint = signed_in
    fields = {"client_id": client.id, "post_logout_redirect_uri": BACK}
    assert browser.post("/end-session/confirm", fields).status_code == 400
    assert is_signed_in(provider, browser, client)


def test_2_the_client_must_be_the_hints_audience(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, hint = signed_in
    other = provider.client(id="another")
    response = end_session(browser, id_token_hint=hint, client_id=other.id, post_logout_redirect_uri=BACK)
    assert response.status_code == 200
    assert is_signed_in(provider, browser, client)


def test_2_an_expired_hint_is_accepted(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, _client, hint = signed_in
    provider.advance(minutes=20)
    assert end_session(browser, id_token_hint=hint, post_logout_redirect_uri=BACK).location == BACK


def test_2_a_hint_about_somebody_else_asks(provider: Provider, signed_in: tuple[Browser, Client, str]):
    _browser, client, hint = signed_in
    other = provider.browser(provider.resident())
    response = end_session(other, id_token_hint=hint, post_logout_redirect_uri=BACK)
    assert "asks to sign you out" in response.get_data(as_text=True)
    assert is_signed_in(provider, other, client)


def test_2_who_is_not_signed_in_goes_straight_back(provider: Provider):
    client = provider.client()
    response = end_session(provider.browser(), client_id=client.id, post_logout_redirect_uri=BACK)
    assert response.location == BACK


def test_2_without_a_proven_client_nobody_is_redirected(provider: Provider):
    provider.client()
    response = end_session(provider.browser(), post_logout_redirect_uri=BACK)
    assert response.status_code == 200
    assert "Location" not in response.headers


def test_2_a_repeated_parameter_costs_the_redirect(provider: Provider):
    client = provider.client()
    query = urlencode(
        [("client_id", client.id), ("post_logout_redirect_uri", BACK), ("post_logout_redirect_uri", BACK)]
    )
    assert provider.browser().get(f"/end-session?{query}").status_code == 200


def test_2_requests_by_post(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, _client, hint = signed_in
    form = {"id_token_hint": hint, "post_logout_redirect_uri": BACK}
    assert browser.post("/end-session", form).location == BACK


def test_2_a_post_from_another_site_comes_again_with_cookies(
    provider: Provider, signed_in: tuple[Browser, Client, str]
):
    browser, client, hint = signed_in
    bare = provider.browser().post("/end-session", {"id_token_hint": hint, "post_logout_redirect_uri": BACK})
    assert bare.status_code == 303
    assert browser.get(bare.location).location == BACK
    assert not is_signed_in(provider, browser, client)


def test_2_head_ends_nothing(provider: Provider, signed_in: tuple[Browser, Client, str]):
    browser, client, hint = signed_in
    response = browser.open("/end-session", "HEAD", query_string={"id_token_hint": hint})
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "POST", "OPTIONS"}
    assert "Set-Cookie" not in response.headers
    assert is_signed_in(provider, browser, client)


def test_refresh_tokens_end_with_it(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    tokens = provider.tokens(browser, client)
    end_session(browser, id_token_hint=tokens["id_token"])
    assert provider.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert provider.userinfo(tokens["access_token"]).status_code == 401


def test_a_second_sign_out_is_as_good_as_the_first(
    provider: Provider, signed_in: tuple[Browser, Client, str]
):
    browser, _client, hint = signed_in
    for _ in range(2):
        response = end_session(browser, id_token_hint=hint, post_logout_redirect_uri=BACK)
        assert response.location == BACK
