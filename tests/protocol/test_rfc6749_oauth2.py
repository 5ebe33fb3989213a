"""RFC 6749, The OAuth 2.0 Authorization Framework: the code and refresh grants, and client authentication."""

import base64
from datetime import timedelta
from urllib.parse import quote_plus

import pytest
from identity.relying_parties.admin import Registry
from identity_provider import CLIENT_SECRET, ISSUER, VERIFIER, Provider, answered


def test_3_1_parameters_without_a_value_count_as_absent(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    answer = answered(browser.authorize(client.request(prompt="", max_age="", request="")))
    assert "code" in answer


@pytest.mark.parametrize("name", ["state", "scope", "nonce", "code_challenge", "response_type", "unknown"])
def test_3_1_repeated_parameters_are_refused(provider: Provider, name: str):
    client = provider.client()
    browser = provider.browser(provider.resident())
    parameters = client.request(**{name: ["one", "two"]})
    answer = answered(browser.authorize(parameters))
    assert answer["error"] == "invalid_request"
    assert "code" not in answer


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_3_1_a_repeated_client_or_redirect_uri_redirects_nobody(provider: Provider, name: str):
    client = provider.client()
    parameters = client.request()
    parameters[name] = [parameters[name], parameters[name]]
    assert provider.browser().authorize(parameters).status_code == 400


FOREIGN_REDIRECT_URIS = [
    None,
    "https://city.example/callback/",
    "https://city.example/callback?x=1",
    "https://city.example/callback#x",
    "https://CITY.example/callback",
    "https://city.example:443/callback",
    "http://city.example/callback",
    "https://attacker.example/callback",
    "https://city.example/callback/../elsewhere",
    "https://city.example/callbac%6B",
    "javascript:alert(1)",
    "//city.example/callback",
    "https://city.example/callback\r\nX: y",
]


def test_3_1_2_3_only_the_exact_redirect_uri_is_redirected_to(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    for redirect_uri in FOREIGN_REDIRECT_URIS:
        response = browser.authorize(client.request(redirect_uri=redirect_uri))
        assert response.status_code == 400, redirect_uri
        assert "Location" not in response.headers, redirect_uri
        page = response.get_data(as_text=True)
        assert "redirect_uri" in page
        assert "Continue to The city website" in page


def test_4_1_2_1_an_unknown_client_redirects_nobody(provider: Provider):
    client = provider.client()
    for client_id in (None, "nobody", "\0", "x" * 300, "citý"):
        response = provider.browser().authorize(client.request(client_id=client_id))
        assert response.status_code == 400
        assert "Location" not in response.headers


def test_4_1_2_1_a_disabled_client_redirects_nobody(provider: Provider):
    client = provider.client()
    Registry(provider.storage, provider.clock).disable_client(client.id)
    provider.advance(seconds=6)
    assert provider.browser().authorize(client.request()).status_code == 400


FAULTS = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token token"}, "unsupported_response_type"),
    ({"response_type": 'code"\\ü'}, "unsupported_response_type"),
    ({"response_mode": "web_message"}, "invalid_request"),
    ({"state": "x" * 9000}, "invalid_request"),
    ({"nonce": "a\0b"}, "invalid_request"),
]


def test_4_1_2_1_other_faults_are_told_to_the_client(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    for changes, error in FAULTS:
        answer = answered(browser.authorize(client.request(**changes)))
        assert (answer["error"], answer["iss"]) == (error, ISSUER), changes


UNUSABLE_SCOPES = [
    (None, "missing"),
    (" ", "missing"),
    ("openid,email", "not by ','"),
    ("openid+email", "not by '+'"),
    ("openid%20email", "not by '%20'"),
    ("openid;email", "not by ';'"),
    ("OPENID", "by case"),
    ("OpenID Email", "by case"),
    ("foo", "names something"),
    ("openid\temail", "no tabs"),
    ("openid\nemail", "no tabs"),
    ("openid\u00a0email", "no tabs"),
    ('openid "', "no tabs"),
]


def test_3_3_a_scope_that_names_nothing_usable_is_refused_before_sign_in(provider: Provider):
    client = provider.client()
    for scope, words in UNUSABLE_SCOPES:
        told = answered(provider.browser().authorize(client.request(scope=scope)))
        assert told["error"] == "invalid_scope", scope
        assert words in told["error_description"], scope


def test_3_3_a_scope_that_names_nothing_usable_is_refused_where_it_is_pushed(provider: Provider):
    client = provider.client()
    for scope, words in UNUSABLE_SCOPES:
        pushed = provider.app.test_client().post(
            "/par", data=client.request(scope=scope), headers=client.basic(), base_url=ISSUER
        )
        assert (pushed.status_code, pushed.json["error"]) == (400, "invalid_scope"), scope
        assert words in pushed.json["error_description"], scope


def test_3_3_what_of_the_scope_is_known_is_granted_and_told(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    for scope, granted in (
        ("openid  email", "openid email"),
        ("foo openid OPENID", "openid"),
        ("profile", "profile"),
    ):
        assert provider.tokens(browser, client, scope=scope)["scope"] == granted


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("openid,email", "not by ','"),
        ("OPENID", "by case"),
        ("openid\temail", "no tabs"),
        ("openid foo", "names something"),
    ],
)
def test_6_a_refresh_names_the_fault_of_its_scope(provider: Provider, scope: str, words: str):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    refused = provider.refresh(client, tokens["refresh_token"], scope=scope)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_scope")
    assert words in refused.json["error_description"]


def test_4_1_2_the_state_comes_back_as_it_was_sent(provider: Provider):
    client = provider.client()
    state = "a b+c&d=é%20/?#"
    answer = answered(provider.browser(provider.resident()).authorize(client.request(state=state)))
    assert answer["state"] == state


def test_4_1_2_without_a_state_none_comes_back(provider: Provider):
    client = provider.client()
    answer = answered(provider.browser(provider.resident()).authorize(client.request(state=None)))
    assert "state" not in answer


def test_3_1_2_a_query_in_the_redirect_uri_is_kept(provider: Provider):
    client = provider.client(redirect_uris=["https://city.example/callback?page=1&blank="])
    response = provider.browser(provider.resident()).authorize(client.request())
    assert response.location.startswith("https://city.example/callback?page=1&blank=&code=")


def test_4_1_3_a_code_yields_tokens_that_nobody_stores(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    response = provider.redeem(client, provider.code(browser, client))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    assert set(response.json or ()) == {
        *("access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token")
    }
    assert (response.json or {})["token_type"] == "Bearer"


FAULTY_REDEMPTIONS = [
    ({"code": "unknown"}, "invalid_grant"),
    ({"code": "x" * 9000}, "invalid_request"),
    ({"code": None}, "invalid_request"),
    ({"redirect_uri": "https://city.example/other"}, "invalid_grant"),
    ({"redirect_uri": None}, "invalid_grant"),
    ({"code_verifier": None}, "invalid_grant"),
    ({"code_verifier": "w" * 50}, "invalid_grant"),
    ({"grant_type": None}, "invalid_request"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": 'ü"\\'}, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, "unauthorized_client"),
]


def test_5_2_a_faulty_token_request_is_refused_and_the_code_stays_good(provider: Provider):
    client = provider.client()
    code = provider.code(provider.browser(provider.resident()), client)
    for changes, error in FAULTY_REDEMPTIONS:
        response = provider.redeem(client, **({"code": code} | changes))
        assert (response.status_code, response.json["error"]) == (400, error), changes
        assert response.headers["Cache-Control"] == "no-store"
    assert provider.redeem(client, code).status_code == 200


def test_4_1_3_a_code_is_bound_to_its_client(provider: Provider):
    client = provider.client()
    other = provider.client(id="another")
    browser = provider.browser(provider.resident())
    code = provider.code(browser, client)
    assert provider.redeem(other, code).json["error"] == "invalid_grant"
    assert provider.redeem(client, code).status_code == 200


def test_4_1_2_a_code_lives_for_sixty_seconds(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    young, old = provider.code(browser, client), provider.code(browser, client)
    provider.advance(seconds=59)
    assert provider.redeem(client, young).status_code == 200
    provider.advance(seconds=1)
    assert provider.redeem(client, old).json["error"] == "invalid_grant"


def test_4_1_2_a_code_used_twice_revokes_what_it_yielded(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    code = provider.code(browser, client)
    tokens = provider.redeem(client, code).json
    assert provider.redeem(client, code).json["error"] == "invalid_grant"
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    assert provider.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert provider.events().count("code_replayed") == 1


def test_4_1_2_a_replay_leaves_the_residents_other_grants_alone(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    other = provider.tokens(browser, client)
    code = provider.code(browser, client)
    provider.redeem(client, code)
    provider.redeem(client, code)
    assert provider.userinfo(other["access_token"]).status_code == 200


def test_4_1_3_a_code_dies_with_its_session(provider: Provider):
    client = provider.client()
    code = provider.code(provider.browser(provider.resident()), client)
    provider.end_session(provider.sids[-1])
    assert provider.redeem(client, code).json["error"] == "invalid_grant"


def test_3_2_only_the_form_counts(provider: Provider):
    client = provider.client()
    code = provider.code(provider.browser(provider.resident()), client)
    query = f"grant_type=authorization_code&code={code}&redirect_uri={client.redirect_uri}"
    http = provider.app.test_client()
    response = http.post(f"/token?{query}", data={}, headers=client.basic(), base_url=ISSUER)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


def test_3_2_another_content_type_is_refused(provider: Provider):
    for content_type in ("application/json", "text/plain", "multipart/form-data", ""):
        response = provider.app.test_client().post(
            "/token", data=b'{"grant_type": "refresh_token"}', content_type=content_type, base_url=ISSUER
        )
        assert (response.status_code, response.json["error"]) == (400, "invalid_request"), content_type


def test_3_2_the_token_endpoint_takes_post_only(provider: Provider):
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "WHATEVER"):
        response = provider.app.test_client().open("/token", method=method, base_url=ISSUER)
        assert response.status_code == 405
        assert response.headers["Allow"] == "POST"
        assert response.mimetype == "application/json"


def test_3_2_a_large_body_is_refused_in_json(provider: Provider):
    response = provider.app.test_client().post("/token", data={"code": "x" * 70_000}, base_url=ISSUER)
    assert response.status_code == 413
    assert response.json["error"] == "invalid_request"


def test_3_2_repeated_parameters_are_refused(provider: Provider):
    client = provider.client()
    response = provider.token(client, grant_type=["authorization_code", "refresh_token"], code="x")
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


ENDPOINTS = ["/token", "/par", "/introspect", "/revoke", "/device_authorization"]


def refused_at(
    provider: Provider, path: str, form: dict[str, str], headers: dict[str, str]
) -> dict[str, str]:
    """Return the answer if the client was not authenticated, else nothing."""
    response = provider.app.test_client().post(path, data=form, headers=headers, base_url=ISSUER)
    return response.json if response.status_code == 401 else {}


@pytest.mark.parametrize("path", ENDPOINTS)
def test_2_3_1_a_client_that_chose_no_method_sends_its_secret_either_way(provider: Provider, path: str):
    client = provider.client()
    form = {"grant_type": "refresh_token", "token": "x"}
    posted = form | {"client_id": client.id, "client_secret": CLIENT_SECRET}
    assert refused_at(provider, path, form, client.basic()) == {}
    assert refused_at(provider, path, posted, {}) == {}
    assert (
        "is wrong"
        in refused_at(provider, path, posted | {"client_secret": "guessed"}, {})["error_description"]
    )
    none = refused_at(provider, path, form | {"client_id": client.id}, {})
    assert "client_secret_basic or client_secret_post" in none["error_description"]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_2_3_1_a_client_that_chose_a_method_is_told_its_name(provider: Provider, path: str):
    form = {"grant_type": "refresh_token", "token": "x"}
    client = provider.client(token_endpoint_auth_method="client_secret_basic")
    posted = form | {"client_id": client.id, "client_secret": CLIENT_SECRET}
    assert "with client_secret_basic." in refused_at(provider, path, posted, {})["error_description"]
    client = provider.client(token_endpoint_auth_method="client_secret_post")
    told = refused_at(provider, path, form, client.basic())
    assert "with client_secret_post." in told["error_description"]


def test_2_3_1_a_secret_in_the_form_serves_clients_registered_so(provider: Provider):
    client = provider.client(token_endpoint_auth_method="client_secret_post")
    code = provider.code(provider.browser(provider.resident()), client)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": VERIFIER,
        "client_id": client.id,
        "client_secret": CLIENT_SECRET,
    }
    assert provider.app.test_client().post("/token", data=form, base_url=ISSUER).status_code == 200


def test_2_3_1_basic_credentials_are_form_decoded(provider: Provider):
    provider.client()
    credentials = f"{quote_plus('city-website').replace('-', '%2D')}:{CLIENT_SECRET.replace('-', '%2D')}"
    header = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    response = provider.app.test_client().post(
        "/token",
        data={"grant_type": "authorization_code", "code": "unknown", "redirect_uri": "x"},
        headers={"Authorization": header},
        base_url=ISSUER,
    )
    assert response.json["error"] == "invalid_grant"


def _basic(text: bytes) -> str:
    return f"Basic {base64.b64encode(text).decode()}"


WRONG_CREDENTIALS = [
    _basic(b"city-website:wrong"),
    _basic(b"city-website:"),
    _basic(b"city-website"),
    _basic(b"nobody:" + CLIENT_SECRET.encode()),
    _basic(b"\xff\xfe:\xff"),
    _basic(b"\0:\0"),
    "Basic !!!",
    "Basic",
    "Bearer x",
    "",
]


def test_5_2_a_client_that_does_not_prove_itself_gets_401(provider: Provider):
    provider.client()
    for header in WRONG_CREDENTIALS:
        response = provider.app.test_client().post(
            "/token",
            data={"grant_type": "authorization_code", "code": "x"},
            headers={"Authorization": header},
            base_url=ISSUER,
        )
        assert (response.status_code, response.json["error"]) == (401, "invalid_client"), header
        assert response.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_client_that_does_not_prove_itself_is_recorded_once_a_minute(provider: Provider):
    client = provider.client()

    def failures() -> int:
        return provider.events().count("client_authentication_failed")

    def knock(name: str) -> None:
        form = {"grant_type": "authorization_code", "code": "x"}
        encoded = base64.b64encode(f"{name}:wrong".encode()).decode()
        header = {"Authorization": f"Basic {encoded}"}
        provider.app.test_client().post("/token", data=form, headers=header, base_url=ISSUER)

    knock("nobody-registered-this")
    assert failures() == 0
    knock(client.id)
    knock(client.id)
    assert failures() == 1
    provider.advance(minutes=1)
    knock(client.id)
    assert failures() == 2


@pytest.mark.parametrize(
    "extra", [{"client_secret": CLIENT_SECRET}, {"client_id": "somebody-else"}], ids=["secret", "client"]
)
def test_2_3_two_ways_of_authentication_at_once_are_refused(provider: Provider, extra: dict[str, str]):
    client = provider.client()
    response = provider.token(client, grant_type="authorization_code", code="x", **extra)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


def test_2_3_a_client_uses_the_method_it_registered(provider: Provider):
    client = provider.client(token_endpoint_auth_method="client_secret_post")
    response = provider.redeem(client, "unknown")
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")
    assert "client_secret_post" in response.json["error_description"]


def test_3_2_1_a_confidential_client_cannot_pass_for_a_public_one(provider: Provider):
    client = provider.client()
    code = provider.code(provider.browser(provider.resident()), client)
    client.secret = None
    assert provider.redeem(client, code).json["error"] == "invalid_client"


def test_3_2_1_a_public_client_names_itself(provider: Provider):
    client = provider.client(token_endpoint_auth_method="none")
    code = provider.code(provider.browser(provider.resident()), client)
    assert provider.redeem(client, code).status_code == 200


def test_several_secrets_live_until_they_expire(provider: Provider):
    client = provider.client()
    fresh = Registry(provider.storage, provider.clock).rotate_secret(client.id, timedelta(hours=1))
    provider.advance(seconds=6)
    assert provider.redeem(client, "unknown").json["error"] == "invalid_grant"
    client.secret = fresh
    assert provider.redeem(client, "unknown").json["error"] == "invalid_grant"
    provider.advance(hours=1)
    assert provider.redeem(client, "unknown").json["error"] == "invalid_grant"
    client.secret = CLIENT_SECRET
    assert provider.redeem(client, "unknown").json["error"] == "invalid_client"


def test_6_a_client_not_registered_for_refresh_gets_no_refresh_token(provider: Provider):
    client = provider.client(grant_types=["authorization_code"])
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    assert "refresh_token" not in tokens
    assert provider.refresh(client, "x").json["error"] == "unauthorized_client"


def test_6_the_scope_may_be_narrowed_and_never_widened(provider: Provider):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client, scope="openid email")
    narrowed = provider.refresh(client, tokens["refresh_token"], scope="openid").json
    assert narrowed["scope"] == "openid"
    wider = provider.refresh(client, narrowed["refresh_token"], scope="openid profile")
    assert wider.json["error"] == "invalid_scope"
    again = provider.refresh(client, narrowed["refresh_token"]).json
    assert again["scope"] == "openid email"


def test_3_3_what_the_client_may_not_have_is_left_out(provider: Provider):
    client = provider.client(scopes=["openid", "email"])
    tokens = provider.tokens(
        provider.browser(provider.resident()), client, scope="openid profile email billing.read unknown"
    )
    assert tokens["scope"] == "openid email"
