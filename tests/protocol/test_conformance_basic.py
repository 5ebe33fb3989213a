"""The modules of the OpenID conformance suite's Basic profile that concern a provider, by their names."""

from typing import Any

import pytest
from identity_provider import ISSUER, Browser, Client, Provider, answered


@pytest.fixture
def client(provider: Provider) -> Client:
    return provider.client()


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return provider.browser(provider.resident())


def flow(provider: Provider, browser: Browser, client: Client, **changes: Any) -> dict[str, Any]:
    """Go through the whole flow as the suite does, up to userinfo; return the ID token's claims."""
    tokens = provider.tokens(browser, client, **changes)
    claims = provider.claims(tokens["id_token"])
    userinfo = provider.userinfo(tokens["access_token"])
    assert userinfo.status_code == 200
    assert userinfo.json["sub"] == claims["sub"]
    return claims


def test_oidcc_server(provider: Provider, browser: Browser, client: Client):
    claims = flow(provider, browser, client)
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (ISSUER, client.id, "the-nonce")


def test_oidcc_response_type_missing(browser: Browser, client: Client):
    assert answered(browser.authorize(client.request(response_type=None)))["error"] == "invalid_request"


def test_oidcc_idtoken_signature(provider: Provider, browser: Browser):
    client = provider.client(id_token_signed_response_alg="RS256")
    assert flow(provider, browser, client)["aud"] == client.id


def test_oidcc_userinfo_get_post_header_post_body(provider: Provider, browser: Browser, client: Client):
    token = provider.tokens(browser, client)["access_token"]
    http, headers = provider.app.test_client(), {"Authorization": f"Bearer {token}"}
    answers = [
        http.get("/userinfo", headers=headers, base_url=ISSUER),
        http.post("/userinfo", headers=headers, base_url=ISSUER),
        http.post("/userinfo", data={"access_token": token}, base_url=ISSUER),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"nonce": None}, id="oidcc-ensure-request-without-nonce-succeeds-for-code-flow"),
        pytest.param({"extra": "foobar"}, id="oidcc-ensure-request-with-unknown-parameter-succeeds"),
        pytest.param({"acr_values": "1 2"}, id="oidcc-ensure-request-with-acr-values-succeeds"),
        pytest.param({}, id="oidcc-ensure-request-with-valid-pkce-succeeds"),
        pytest.param({"scope": "openid profile"}, id="oidcc-scope-profile"),
        pytest.param({"scope": "openid email"}, id="oidcc-scope-email"),
        pytest.param({"scope": "openid address"}, id="oidcc-scope-address"),
        pytest.param({"scope": "openid phone"}, id="oidcc-scope-phone"),
        pytest.param({"scope": "openid profile email address phone"}, id="oidcc-scope-all"),
        pytest.param({"display": "page"}, id="oidcc-display-page"),
        pytest.param({"display": "popup"}, id="oidcc-display-popup"),
        pytest.param({"prompt": "none"}, id="oidcc-prompt-none-logged-in"),
        pytest.param({"max_age": "10000"}, id="oidcc-max-age-10000"),
        pytest.param({"login_hint": "buffy@example.com"}, id="oidcc-login-hint"),
        pytest.param({"ui_locales": "se"}, id="oidcc-ui-locales"),
        pytest.param({"claims_locales": "se"}, id="oidcc-claims-locales"),
        pytest.param({"claims": '{"userinfo":{"name":{"essential":true}}}'}, id="oidcc-claims-essential"),
    ],
)
def test_modules_that_succeed(provider: Provider, browser: Browser, client: Client, changes: dict[str, str]):
    claims = flow(provider, browser, client, **changes)
    assert ("nonce" in claims) == (changes.get("nonce", "set") is not None)


def test_oidcc_ensure_post_request_succeeds(browser: Browser, client: Client):
    assert "code" in answered(browser.post("/authorize", client.request()))


def test_oidcc_ensure_registered_redirect_uri(browser: Browser, client: Client):
    response = browser.authorize(client.request(redirect_uri="https://city.example/another"))
    assert response.status_code == 400


def test_oidcc_redirect_uri_query_added_and_mismatch(browser: Browser, client: Client):
    response = browser.authorize(client.request(redirect_uri=f"{client.redirect_uri}?foo=bar"))
    assert response.status_code == 400


def test_oidcc_prompt_login_and_max_age_1(provider: Provider, browser: Browser, client: Client):
    first = flow(provider, browser, client)
    provider.advance(seconds=2)
    for changes in ({"prompt": "login"}, {"max_age": "1"}):
        assert browser.authorize(client.request(**changes)).location.startswith("/sign-in")
    browser.sign_in(first["sub"])
    second = flow(provider, browser, client, max_age="1")
    assert second["auth_time"] == int(provider.clock.now().timestamp()) > first["auth_time"]


def test_oidcc_prompt_none_not_logged_in(provider: Provider, client: Client):
    answer = answered(provider.browser().authorize(client.request(prompt="none")))
    assert answer["error"] == "login_required"


def test_oidcc_id_token_hint(provider: Provider, browser: Browser, client: Client):
    tokens = provider.tokens(browser, client)
    claims = flow(provider, browser, client, prompt="none", id_token_hint=tokens["id_token"])
    assert claims["sub"] == provider.claims(tokens["id_token"])["sub"]


def test_oidcc_codereuse(provider: Provider, browser: Browser, client: Client):
    code = provider.code(browser, client)
    assert provider.redeem(client, code).status_code == 200
    assert provider.redeem(client, code).json["error"] == "invalid_grant"


def test_oidcc_codereuse_30seconds(provider: Provider, browser: Browser, client: Client):
    code = provider.code(browser, client)
    tokens = provider.redeem(client, code).json
    provider.advance(seconds=30)
    assert provider.redeem(client, code).json["error"] == "invalid_grant"
    assert provider.userinfo(tokens["access_token"]).status_code == 401


def test_oidcc_refresh_token(provider: Provider, browser: Browser, client: Client):
    tokens = provider.tokens(browser, client, scope="openid offline_access")
    refreshed = provider.refresh(client, tokens["refresh_token"]).json
    assert provider.userinfo(refreshed["access_token"]).status_code == 200
    other = provider.client(id="another")
    assert provider.refresh(other, refreshed["refresh_token"]).json["error"] == "invalid_grant"


def test_oidcc_unsigned_request_object_and_request_uri_are_rejected_as_unsupported(
    browser: Browser, client: Client
):
    by_value = answered(browser.authorize(client.request(request="e30.e30.")))
    by_reference = answered(browser.authorize(client.request(request_uri="https://city.example/request")))
    assert by_value["error"] == "request_not_supported"
    assert by_reference["error"] == "request_uri_not_supported"


def test_oidcc_server_client_secret_post(provider: Provider, browser: Browser):
    client = provider.client(token_endpoint_auth_method="client_secret_post")
    code = provider.code(browser, client)
    secret, client.secret = client.secret, None
    assert provider.redeem(client, code, client_secret=secret).status_code == 200
