"""The modules of the Basic plan by their names, and of the Form Post Basic plan, which are the same ones.

A module that the suite runs once for each of several values is parametrised by its name.
"""

import base64
from typing import Any

import pytest
from identity_provider import CLIENT_SECRET, ISSUER

pytestmark = pytest.mark.parametrize("response_mode", ["query", "form_post"])


def unsigned(**claims: str) -> str:
    """Return a request object with `alg` `none`."""
    parts = ('{"alg":"none"}', "{" + ",".join(f'"{name}":"{value}"' for name, value in claims.items()) + "}")
    return ".".join([*(base64.urlsafe_b64encode(p.encode()).rstrip(b"=").decode() for p in parts), ""])


def test_oidcc_server(suite: Any):
    claims, _userinfo = suite.flow()
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (ISSUER, suite.client.id, "the-nonce")


def test_oidcc_response_type_missing(suite: Any):
    assert suite.answer(suite.authorize(response_type=None))["error"] == "invalid_request"


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_oidcc_idtoken_signature(suite: Any, alg: str):
    client = suite.provider.client(id="signed", id_token_signed_response_alg=alg)
    claims, _userinfo = suite.flow(client)
    assert claims["aud"] == client.id


def test_oidcc_idtoken_unsigned_is_not_offered(suite: Any):
    document = suite.browser.get("/.well-known/openid-configuration").json
    assert "none" not in document["id_token_signing_alg_values_supported"]


def test_oidcc_userinfo_get(suite: Any):
    assert suite.provider.userinfo(suite.tokens()["access_token"]).json["sub"] == suite.resident


def test_oidcc_userinfo_post_header(suite: Any):
    headers = {"Authorization": f"Bearer {suite.tokens()['access_token']}"}
    assert suite.browser.post("/userinfo", headers=headers).json["sub"] == suite.resident


def test_oidcc_userinfo_post_body(suite: Any):
    form = {"access_token": suite.tokens()["access_token"]}
    assert suite.browser.post("/userinfo", form).json["sub"] == suite.resident


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(suite: Any):
    claims, _userinfo = suite.flow(nonce=None)
    assert "nonce" not in claims


SCOPES = {
    "oidcc-scope-profile": ("openid profile", {"name", "given_name", "family_name", "locale"}),
    "oidcc-scope-email": ("openid email", {"email", "email_verified"}),
    # Scopes that the suite asks for where they are supported; unknown ones are ignored.
    "oidcc-scope-address": ("openid address", set()),
    "oidcc-scope-phone": ("openid phone", set()),
    "oidcc-scope-all": (
        "openid profile email address phone",
        {"name", "given_name", "family_name", "locale", "email", "email_verified"},
    ),
    "oidcc-ensure-other-scope-order-succeeds": (
        "email openid",
        {"email", "email_verified"},
    ),
}


@pytest.mark.parametrize("module", SCOPES)
def test_oidcc_scope(suite: Any, module: str):
    scope, expected = SCOPES[module]
    _claims, userinfo = suite.flow(scope=scope)
    assert set(userinfo) == {"sub"} | expected


ADDITIONS = {
    "oidcc-display-page": {"display": "page"},
    "oidcc-display-popup": {"display": "popup"},
    "oidcc-prompt-none-logged-in": {"prompt": "none"},
    "oidcc-ensure-request-with-unknown-parameter-succeeds": {"extra": "foobar"},
    "oidcc-login-hint": {"login_hint": "buffy@localhost"},
    "oidcc-ui-locales": {"ui_locales": "se"},
    "oidcc-claims-locales": {"claims_locales": "se"},
    "oidcc-ensure-request-with-acr-values-succeeds": {"acr_values": "1 2"},
    "oidcc-ensure-request-with-valid-pkce-succeeds": {},
}


@pytest.mark.parametrize("module", ADDITIONS)
def test_oidcc_additions_that_succeed(suite: Any, module: str):
    claims, _userinfo = suite.flow(**ADDITIONS[module])
    assert claims["nonce"] == "the-nonce"


def test_oidcc_claims_essential(suite: Any):
    _claims, userinfo = suite.flow(scope="openid profile", claims='{"userinfo":{"name":{"essential":true}}}')
    assert userinfo["name"] == "Jane Doe"


def test_oidcc_prompt_login(suite: Any):
    first, _userinfo = suite.flow()
    suite.provider.advance(seconds=2)
    code = suite.sign_in_again(suite.authorize(prompt="login"))["code"]
    second = suite.provider.claims(suite.provider.redeem(suite.client, code).json["id_token"])
    assert second["sub"] == first["sub"]
    assert second["auth_time"] > first["auth_time"]


def test_oidcc_prompt_none_not_logged_in(suite: Any):
    answer = suite.answer(suite.authorize(suite.provider.browser(), prompt="none"))
    assert answer["error"] == "login_required"
    assert "code" not in answer


def test_oidcc_max_age_1(suite: Any):
    first, _userinfo = suite.flow()
    suite.provider.advance(seconds=2)
    code = suite.sign_in_again(suite.authorize(max_age="1"))["code"]
    second = suite.provider.claims(suite.provider.redeem(suite.client, code).json["id_token"])
    assert second["auth_time"] == int(suite.provider.clock.now().timestamp()) > first["auth_time"]


def test_oidcc_max_age_10000(suite: Any):
    first, _userinfo = suite.flow()
    suite.provider.advance(seconds=2)
    second, _userinfo = suite.flow(max_age="10000")
    assert second["auth_time"] == first["auth_time"]


def test_oidcc_id_token_hint(suite: Any):
    hint = suite.tokens()["id_token"]
    claims, _userinfo = suite.flow(prompt="none", id_token_hint=hint)
    assert claims["sub"] == suite.provider.claims(hint)["sub"]


def test_oidcc_codereuse(suite: Any):
    code = suite.code()
    assert suite.provider.redeem(suite.client, code).status_code == 200
    assert suite.provider.redeem(suite.client, code).json["error"] == "invalid_grant"


def test_oidcc_codereuse_30seconds(suite: Any):
    code = suite.code()
    tokens = suite.provider.redeem(suite.client, code).json
    suite.provider.advance(seconds=30)
    assert suite.provider.redeem(suite.client, code).json["error"] == "invalid_grant"
    assert suite.provider.userinfo(tokens["access_token"]).status_code == 401


def test_oidcc_ensure_registered_redirect_uri(suite: Any):
    response = suite.authorize(redirect_uri="https://city.example/another")
    assert (response.status_code, "Location" in response.headers) == (400, False)


def test_oidcc_ensure_post_request_succeeds(suite: Any):
    mode = {} if suite.mode == "query" else {"response_mode": suite.mode}
    assert "code" in suite.answer(suite.browser.post("/authorize", suite.client.request(**mode)))


def test_oidcc_server_client_secret_post(suite: Any):
    client = suite.provider.client(id="posting", token_endpoint_auth_method="client_secret_post")
    client.secret = None
    code = suite.code(client=client)
    assert suite.provider.redeem(client, code, client_secret=CLIENT_SECRET).status_code == 200


@pytest.mark.parametrize(
    ("parameter", "error"),
    [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")],
)
def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    suite: Any, parameter: str, error: str
):
    value = unsigned(state="another") if parameter == "request" else "https://city.example/request"
    answer = suite.answer(suite.authorize(**{parameter: value}))
    # An implementation that supports signed ones names what is wrong with an unsigned one instead.
    assert answer["error"] in (error, "invalid_request_object", "invalid_request_uri")
    assert (answer["state"], "code" in answer) == ("the-state", False)


def test_oidcc_ensure_request_object_with_redirect_uri(suite: Any):
    request = unsigned(redirect_uri="https://attacker.example/")
    answer = suite.answer(suite.authorize(request=request))
    assert answer["error"] in ("request_not_supported", "invalid_request_object")


def test_oidcc_refresh_token(suite: Any):
    tokens = suite.tokens(scope="openid offline_access")
    claims = suite.provider.claims(tokens["id_token"])
    suite.provider.advance(seconds=5)
    refreshed = suite.provider.refresh(suite.client, tokens["refresh_token"]).json
    again = suite.provider.claims(refreshed["id_token"])
    assert suite.provider.userinfo(refreshed["access_token"]).status_code == 200
    for name in ("iss", "sub", "aud", "auth_time"):
        assert again[name] == claims[name]
    assert again["iat"] > claims["iat"]
    other = suite.provider.client(id="another")
    assert suite.provider.refresh(other, refreshed["refresh_token"]).json["error"] == "invalid_grant"
