"""RFC 8628, OAuth 2.0 Device Authorization Grant: for kiosks, whose residents sign in on their own screen."""

import re
from typing import Any

import pytest
from identity import typed_codes
from identity.relying_parties.admin import Registry
from identity.residents.accounts.models import Resident
from identity_provider import ISSUER, RESOURCE, Browser, Client, Provider
from page import csrf_token
from werkzeug.test import TestResponse

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PENDING = (400, {"error": "authorization_pending"})


def kiosk(provider: Provider, **changes: Any) -> Client:
    """Register a kiosk: a public client without addresses."""
    content = {
        "id": "kiosk",
        "name": "City hall kiosk",
        "grant_types": [GRANT, "refresh_token"],
        "token_endpoint_auth_method": "none",
        "initiate_login_uri": "",
    } | changes
    return provider.client(**content)


def start(provider: Provider, client: Client, **form: Any) -> TestResponse:
    headers = client.basic() if client.secret else {}
    named = {} if client.secret else {"client_id": client.id}
    asked = provider.app.test_client()
    return asked.post("/device_authorization", data=named | form, headers=headers, base_url=ISSUER)


def started(provider: Provider, client: Client, **form: Any) -> dict[str, Any]:
    response = start(provider, client, **({"scope": "openid profile email"} | form))
    assert response.status_code == 200, response.json
    return dict(response.json or {})


def poll(provider: Provider, client: Client, device: dict[str, Any], **form: Any) -> TestResponse:
    return provider.token(client, grant_type=GRANT, device_code=device["device_code"], **form)


def outcome(response: TestResponse) -> tuple[int, dict[str, Any]]:
    content = {k: v for k, v in (response.json or {}).items() if k != "error_description"}
    return response.status_code, content


def send(browser: Browser, url: str, **form: str) -> TestResponse:
    """Send a page's form with its token, as a browser does."""
    return browser.post(url, {"csrf_token": csrf_token(browser.get(url))} | form)


def typed(browser: Browser, code: str) -> TestResponse:
    return send(browser, "/device", user_code=code)


def answer(browser: Browser, device: dict[str, Any], word: str = "yes") -> TestResponse:
    question = typed(browser, device["user_code"]).location
    return send(browser, question, answer=word)


def test_3_2_a_device_gets_two_codes_and_an_address(provider: Provider):
    response = start(provider, kiosk(provider), scope="openid")
    device = response.json
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert len(device.pop("device_code")) >= 43
    code = device.pop("user_code")
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code)
    assert device == {
        "verification_uri": f"{ISSUER}/device",
        "verification_uri_complete": f"{ISSUER}/device?user_code={code}",
        "expires_in": 600,
        "interval": 5,
    }


def test_3_1_a_confidential_client_authenticates(provider: Provider):
    client = kiosk(provider, token_endpoint_auth_method="client_secret_basic")
    assert start(provider, client, scope="openid").status_code == 200
    response = start(provider, Client(client.id, "wrong"), scope="openid")
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")
    assert start(provider, Client("nobody", None)).status_code == 401


def test_3_1_the_grant_is_for_those_who_registered_it(provider: Provider):
    response = start(provider, provider.client(), scope="openid")
    assert (response.status_code, response.json["error"]) == (400, "unauthorized_client")
    response = provider.token(provider.client(), grant_type=GRANT, device_code="x")
    assert (response.status_code, response.json["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"scope": "unknown"}, "invalid_scope"),
        ({"scope": "openid,email"}, "invalid_scope"),
        ({"scope": "OPENID"}, "invalid_scope"),
        ({"scope": "openid\temail"}, "invalid_scope"),
        ({"scope": ["openid", "email"]}, "invalid_request"),
        ({"scope": "x" * 9000}, "invalid_request"),
        ({"resource": "urn:unknown"}, "invalid_target"),
    ],
)
def test_3_1_a_faulty_request_is_refused(provider: Provider, form: dict[str, Any], error: str):
    response = start(provider, kiosk(provider), **form)
    assert (response.status_code, response.json["error"]) == (400, error)


def test_3_3_to_3_5_the_resident_allows_and_the_device_gets_tokens(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    assert outcome(poll(provider, client, device)) == PENDING
    browser = provider.browser(provider.resident())
    done = answer(browser, device)
    assert "The device is connected" in done.get_data(as_text=True)
    tokens = poll(provider, client, device).json
    assert set(tokens) == {
        *("access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token")
    }
    claims = provider.claims(tokens["id_token"])
    assert (claims["sub"], claims["aud"], claims["sid"]) == ("resident-1", client.id, provider.sids[-1])
    assert "nonce" not in claims
    assert provider.userinfo(tokens["access_token"]).json["email"] == "jane1@example.com"
    assert provider.refresh(client, tokens["refresh_token"]).status_code == 200
    assert provider.events().count("authorization_granted") == 1


def test_3_1_tokens_are_for_the_resource_that_was_asked_for(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client, scope="openid billing.read", resource=RESOURCE)
    browser = provider.browser(provider.resident())
    question = browser.get(typed(browser, device["user_code"]).location)
    assert "use Utility Billing for you" in question.get_data(as_text=True)
    answer(browser, device)
    tokens = poll(provider, client, device).json
    assert provider.claims(tokens["access_token"])["aud"] == RESOURCE
    assert tokens["scope"] == "billing.read"


def test_3_3_the_question_shows_who_asks_for_what_and_in_which_city(provider: Provider):
    device = started(provider, kiosk(provider))
    browser = provider.browser(provider.resident())
    page = browser.get(typed(browser, device["user_code"]).location).get_data(as_text=True)
    for words in (
        "City hall kiosk, City of Pinellas Park",
        device["user_code"],
        "see your name",
        "see your email address",
        "jane1@example.com",
        "If somebody sent you this code, do not allow it.",
    ):
        assert words in page, words
    assert "<script" not in page.split("</head>")[1]


def test_3_3_whoever_is_not_signed_in_does_that_first(provider: Provider):
    device = started(provider, kiosk(provider))
    browser = provider.browser()
    question = typed(browser, device["user_code"]).location
    sign_in = browser.get(question)
    assert sign_in.status_code == 303
    assert sign_in.location.startswith("/sign-in?continue=")
    assert "City of Pinellas Park" in browser.get(sign_in.location).get_data(as_text=True)
    browser.sign_in(provider.resident())
    assert browser.get(sign_in.location).location == question
    assert browser.get(question).status_code == 200


def test_3_3_1_an_address_with_the_code_fills_it_in_and_allows_nothing(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    browser = provider.browser(provider.resident())
    for _ in range(2):
        page = browser.get(device["verification_uri_complete"])
        assert f'value="{device["user_code"]}"' in page.get_data(as_text=True)
    assert outcome(poll(provider, client, device)) == PENDING
    question = typed(browser, device["user_code"]).location
    browser.get(question)
    browser.get(f"{question}?answer=yes")
    provider.advance(seconds=5)
    assert outcome(poll(provider, client, device)) == PENDING


@pytest.mark.parametrize("filling", ["", "<b>", "AEIOU-AEIO", "x" * 5000, "é" * 8, "\0"])
def test_3_3_1_an_address_with_anything_else_fills_in_nothing(provider: Provider, filling: str):
    response = provider.browser().get("/device", query_string={"user_code": filling})
    assert response.status_code == 200
    assert 'name="user_code" type="text" value=""' in response.get_data(as_text=True)


def test_5_4_a_link_to_the_question_asks_nobody_who_did_not_type_the_code(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    question = typed(provider.browser(), device["user_code"]).location
    victim = provider.browser(provider.resident())
    asked = victim.get(question)
    assert (asked.status_code, asked.location.split("?")[0]) == (303, "/device")
    # Nor does an answer without the question.
    token = csrf_token(victim.get("/device"))
    assert victim.post(question, {"csrf_token": token, "answer": "yes"}).status_code == 303
    assert outcome(poll(provider, client, device)) == PENDING


def test_5_4_an_answer_needs_the_token_of_its_page(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    browser = provider.browser(provider.resident())
    question = typed(browser, device["user_code"]).location
    assert browser.post(question, {"answer": "yes"}).status_code == 400
    assert browser.post("/device", {"user_code": device["user_code"]}).status_code == 400
    assert outcome(poll(provider, client, device)) == PENDING


def test_3_5_access_denied(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    done = answer(provider.browser(provider.resident()), device, "no")
    assert "The device was not allowed" in done.get_data(as_text=True)
    for _ in range(2):
        assert poll(provider, client, device).json["error"] == "access_denied"


def test_3_3_an_answer_is_given_once(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    browser, other = provider.browser(provider.resident()), provider.browser(provider.resident())
    late = typed(other, device["user_code"]).location
    answer(browser, device, "no")
    assert other.get(late).location.split("?")[0] == "/device"
    assert "This code is not right" in typed(other, device["user_code"]).get_data(as_text=True)
    assert poll(provider, client, device).json["error"] == "access_denied"


@pytest.mark.parametrize("word", ["", "maybe", "YES"])
def test_3_3_anything_but_yes_is_no_permission(provider: Provider, word: str):
    client = kiosk(provider)
    device = started(provider, client)
    assert answer(provider.browser(provider.resident()), device, word).status_code == 303
    assert outcome(poll(provider, client, device)) == PENDING


def test_3_5_expired_token(provider: Provider):
    client = kiosk(provider)
    device, allowed = started(provider, client), started(provider, client)
    browser = provider.browser(provider.resident())
    question = typed(browser, device["user_code"]).location
    answer(browser, allowed)
    provider.advance(seconds=599)
    assert outcome(poll(provider, client, device)) == PENDING
    provider.advance(seconds=1)
    for one in (device, allowed):
        assert poll(provider, client, one).json["error"] == "expired_token"
    assert browser.get(question).location.split("?")[0] == "/device"
    assert "has expired" in typed(browser, device["user_code"]).get_data(as_text=True)


def test_3_5_slow_down_and_five_seconds_more_each_time(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    assert outcome(poll(provider, client, device)) == PENDING
    provider.advance(seconds=4)
    assert poll(provider, client, device).json["error"] == "slow_down"
    provider.advance(seconds=9)
    assert poll(provider, client, device).json["error"] == "slow_down"
    provider.advance(seconds=15)
    assert outcome(poll(provider, client, device)) == PENDING


def test_3_5_an_answer_is_not_kept_back_from_a_hasty_device(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    poll(provider, client, device)
    answer(provider.browser(provider.resident()), device)
    assert poll(provider, client, device).status_code == 200


def test_5_2_a_device_code_is_good_once_and_its_replay_ends_the_grant(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    answer(provider.browser(provider.resident()), device)
    tokens = poll(provider, client, device).json
    assert poll(provider, client, device).json["error"] == "invalid_grant"
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    assert provider.events().count("code_replayed") == 1


def test_3_4_a_device_code_is_bound_to_its_client(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    answer(provider.browser(provider.resident()), device)
    other = kiosk(provider, id="another")
    assert poll(provider, other, device).json["error"] == "invalid_grant"
    assert poll(provider, client, device).status_code == 200


def test_3_4_a_device_code_is_no_authorization_code(provider: Provider):
    client = kiosk(
        provider,
        grant_types=[GRANT, "authorization_code"],
        initiate_login_uri="https://city.example/sign-in",
        token_endpoint_auth_method="client_secret_basic",
        pkce_required=False,
    )
    device = started(provider, client)
    answer(provider.browser(provider.resident()), device)
    for redirect_uri in (client.redirect_uri, None):
        response = provider.redeem(
            client, device["device_code"], redirect_uri=redirect_uri, code_verifier=None
        )
        assert response.json["error"] == "invalid_grant"
    code = provider.code(provider.browser("resident-1"), client)
    assert provider.token(client, grant_type=GRANT, device_code=code).json["error"] == "invalid_grant"
    assert poll(provider, client, device).status_code == 200


@pytest.mark.parametrize(
    ("device_code", "error"),
    [
        (None, "invalid_request"),
        ("", "invalid_request"),
        (["a", "b"], "invalid_request"),
        ("x" * 9000, "invalid_request"),
        ("unknown", "invalid_grant"),
        ("é", "invalid_grant"),
    ],
)
def test_3_4_a_faulty_token_request_is_refused(provider: Provider, device_code: Any, error: str):
    response = provider.token(kiosk(provider), grant_type=GRANT, device_code=device_code)
    assert (response.status_code, response.json["error"]) == (400, error)


def test_the_tokens_end_with_the_session_that_allowed_them(provider: Provider):
    client = kiosk(provider)
    device, later = started(provider, client), started(provider, client)
    browser = provider.browser(provider.resident())
    answer(browser, device)
    tokens = poll(provider, client, device).json
    answer(browser, later)
    provider.end_session(provider.sids[-1])
    assert provider.userinfo(tokens["access_token"]).status_code == 401
    assert provider.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert poll(provider, client, later).json["error"] == "invalid_grant"


def test_nothing_comes_of_it_for_disabled_residents_and_clients(provider: Provider):
    client = kiosk(provider)
    device = started(provider, client)
    answer(provider.browser(provider.resident()), device)
    with provider.storage.transaction() as tx:
        tx.get_one(Resident, "resident-1").disabled_at = provider.clock.now()
    assert poll(provider, client, device).json["error"] == "invalid_grant"
    waiting = started(provider, client)
    Registry(provider.storage, provider.clock).disable_client(client.id)
    provider.advance(seconds=6)
    assert poll(provider, client, waiting).status_code == 401
    assert typed(provider.browser(), waiting["user_code"]).status_code == 422


def test_5_1_guessing_codes_is_limited_by_network(provider: Provider):
    device = started(provider, kiosk(provider))
    browser = provider.browser(provider.resident())
    for number in range(10):
        guess = "BCDF-GH" + typed_codes.ALPHABET[number] + "B"
        assert typed(browser, guess).status_code == 422
    refused = typed(browser, device["user_code"])
    assert refused.status_code == 429
    assert "You exceeded the maximum number of requests" in refused.get_data(as_text=True)
    provider.advance(minutes=1)
    assert typed(browser, device["user_code"]).status_code == 303


def test_5_1_and_failures_by_a_class_of_networks(provider: Provider):
    device = started(provider, kiosk(provider))
    browser = provider.browser(provider.resident())

    token = csrf_token(browser.get("/device"))

    def type_from(address: str, code: str) -> int:
        fields = {"csrf_token": token, "user_code": code}
        return browser.post("/device", fields, environ_overrides={"REMOTE_ADDR": address}).status_code

    letters = typed_codes.ALPHABET
    for number in range(100):
        guess = "BCDF-GH" + letters[number // 20] + letters[number % 20]
        assert type_from(f"2001:db8:7:{number:x}::1", guess) == 422
    assert type_from("2001:db8:7:ffff::1", device["user_code"]) == 429
    assert type_from("2001:db8:8::1", device["user_code"]) == 303


def test_5_1_and_by_code_from_wherever_it_is_typed(provider: Provider):
    device = started(provider, kiosk(provider))
    browser = provider.browser()
    for number in range(10):
        if number == 9:
            provider.advance(minutes=1)
        assert typed(browser, device["user_code"]).status_code == 303
    assert typed(browser, device["user_code"]).status_code == 429


def test_5_3_asking_for_codes_is_limited_by_network(provider: Provider):
    client = kiosk(provider)
    for _ in range(60):
        assert start(provider, client).status_code == 200
    response = start(provider, client)
    assert (response.status_code, response.json["error"]) == (429, "slow_down")
    assert response.headers["Retry-After"] == "60"


@pytest.mark.parametrize("code", ["", " ", "BCDF", "BCDF-GHJK-L", "1234-5678", "x" * 33, "é", "BCDF\0GHJK"])
def test_6_1_what_is_no_code_is_told_on_the_page(provider: Provider, code: str):
    response = typed(provider.browser(), code)
    assert response.status_code == 422
    assert "usa-error-message" in response.get_data(as_text=True)


@pytest.mark.parametrize("change", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} ."])
def test_6_1_case_and_punctuation_do_not_matter(provider: Provider, change: Any):
    device = started(provider, kiosk(provider))
    assert typed(provider.browser(), change(device["user_code"])).status_code == 303


def test_6_1_codes_are_of_consonants():
    codes = {typed_codes.generate() for _ in range(200)}
    assert len(codes) == 200
    assert all(typed_codes.parse(typed_codes.formatted(code)) == code for code in codes)
    assert not set("AEIOUY") & set("".join(codes))


def test_the_pages_speak_spanish(provider: Provider):
    device = started(provider, kiosk(provider))
    browser = provider.browser(provider.resident())
    assert "Conectar un dispositivo" in browser.get("/device?lang=es").get_data(as_text=True)
    question = browser.get(typed(browser, device["user_code"]).location).get_data(as_text=True)
    assert "¿Permitir este dispositivo?" in question
    assert "ver su nombre" in question


def test_bad_input_is_answered_in_json(provider: Provider):
    asked = provider.app.test_client()
    for method in ("GET", "PUT", "DELETE"):
        response = asked.open("/device_authorization", method=method, base_url=ISSUER)
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")
        assert response.mimetype == "application/json"
    in_json = asked.post("/device_authorization", json={"client_id": "kiosk"}, base_url=ISSUER)
    assert (in_json.status_code, in_json.json["error"]) == (400, "invalid_request")
    assert asked.put("/device", base_url=ISSUER).status_code == 405


def test_4_it_is_advertised(provider: Provider):
    document = provider.app.test_client().get("/.well-known/oauth-authorization-server").json
    assert document["device_authorization_endpoint"] == f"{ISSUER}/device_authorization"
    assert GRANT in document["grant_types_supported"]
