"""OpenID Connect Core 1.0 (and Initiating User Registration 1.0): tokens, claims, prompts, hints."""

import base64
import hashlib
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from identity.continuation import Continuation, Continuations
from identity.errors import UnavailableError
from identity.oidc.grants.store import Grants
from identity.secret_keys import SecretKeys
from identity_provider import ISSUER, Browser, Client, Provider, answered
from page import Page
from werkzeug.test import TestResponse


def handed_over(response: TestResponse) -> tuple[str, Continuation, dict[str, list[str]]]:
    """Return the page to which the browser is sent, and what goes along."""
    assert response.status_code == 303
    parts = urlsplit(response.location)
    query = parse_qs(parts.query)
    secret_keys = SecretKeys(["a key of thirty-two characters or more"])
    return parts.path, Continuations(secret_keys).read(query["continue"][0]), query


def sign_in_page(provider: Provider, browser: Browser, client: Client, **changes: str) -> Continuation:
    path, continuation, _query = handed_over(browser.authorize(client.request(**changes)))
    assert path == "/sign-in"
    return continuation


def test_2_the_id_token_is_minimal(provider: Provider):
    client = provider.client()
    resident = provider.resident()
    tokens = provider.tokens(provider.browser(resident), client)
    now = int(provider.clock.now().timestamp())
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert provider.claims(tokens["id_token"]) == {
        "iss": ISSUER,
        "sub": resident,
        "aud": client.id,
        "iat": now,
        "exp": now + 300,
        "nonce": "the-nonce",
        "auth_time": now,
        "acr": "urn:community-access:acr:single-factor",
        "amr": ["pwd"],
        "sid": provider.sids[-1],
        "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
    }


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_2_the_id_token_is_signed_as_the_client_registered(provider: Provider, alg: str):
    client = provider.client(id_token_signed_response_alg=alg)
    id_token = provider.tokens(provider.browser(provider.resident()), client)["id_token"]
    header = base64.urlsafe_b64decode(id_token.split(".")[0] + "==")
    assert f'"alg":"{alg}"'.encode() in header
    assert provider.claims(id_token)["aud"] == client.id


def test_3_1_2_1_without_openid_there_is_no_id_token(provider: Provider):
    tokens = provider.tokens(provider.browser(provider.resident()), provider.client(), scope="profile")
    assert "id_token" not in tokens


def test_3_1_2_1_a_nonce_may_be_used_again_as_by_a_reload(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    assert provider.code(browser, client) != provider.code(browser, client)


def test_3_1_2_1_without_a_session_the_resident_signs_in(provider: Provider):
    client = provider.client()
    continuation = sign_in_page(provider, provider.browser(), client)
    assert (continuation.client_id, continuation.city_id) == (client.id, "pinellas-park")
    assert continuation.path.startswith("/authorize/resume/")


def test_3_1_2_1_the_login_hint_fills_in_the_form_and_stands_in_no_url_of_ours(provider: Provider):
    client, browser = provider.client(), provider.browser()
    handed_on = browser.authorize(client.request(login_hint="jane@example.com"))
    path, continuation, _query = handed_over(handed_on)
    assert "jane" not in repr(continuation)
    assert "jane" not in unquote(repr([*handed_on.headers]))
    for page in (handed_on.location, handed_on.location.replace(path, "/forgot-password")):
        assert 'value="jane@example.com"' in browser.get(page).text
    # Another request of the same browser has no hint, or its own.
    other = browser.authorize(client.request(login_hint="joe@example.com")).location
    assert 'value="joe@example.com"' in browser.get(other).text
    assert 'value="jane@example.com"' in browser.get(handed_on.location).text
    assert "@example.com" not in browser.get(browser.authorize(client.request()).location).text


def test_3_1_2_1_after_signing_in_the_client_gets_its_code(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    continuation = sign_in_page(provider, browser, client)
    browser.sign_in(provider.resident())
    answer = answered(browser.get(continuation.path))
    assert answer["state"] == "the-state"
    assert provider.redeem(client, answer["code"]).status_code == 200


def test_3_1_2_1_requests_by_post(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    assert "code" in answered(browser.post("/authorize", client.request()))


def test_3_1_2_1_a_post_from_another_site_brings_no_cookies_and_still_works(provider: Provider):
    client = provider.client()
    bare = provider.browser()
    parked = bare.post("/authorize", client.request())
    assert parked.status_code == 303
    browser = provider.browser(provider.resident())
    assert "code" in answered(browser.get(parked.location))


def test_3_1_2_1_a_parked_request_keeps_its_first_look(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    parked = browser.post("/authorize", client.request(prompt="create"))
    assert handed_over(browser.get(parked.location))[0] == "/sign-up"
    parked = provider.browser().post("/authorize", client.request(prompt="none"))
    assert answered(provider.browser().get(parked.location))["error"] == "login_required"


def test_3_1_2_1_an_unsound_post_redirects_nobody(provider: Provider):
    client = provider.client()
    response = provider.browser().post("/authorize", client.request(redirect_uri="https://attacker.example/"))
    assert response.status_code == 400


def test_3_1_2_1_head_makes_no_code(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    response = browser.open("/authorize", "HEAD", query_string=client.request())
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "POST", "OPTIONS"}


def test_3_1_2_1_prompt_none_never_asks(provider: Provider):
    client = provider.client()
    resident = provider.resident()
    assert answered(provider.browser().authorize(client.request(prompt="none")))["error"] == "login_required"
    assert "code" in answered(provider.browser(resident).authorize(client.request(prompt="none")))
    for other in ("none login", "none consent", "nonsense"):
        answer = answered(provider.browser(resident).authorize(client.request(prompt=other)))
        assert answer["error"] == "invalid_request", other


def test_3_1_2_1_prompt_none_gets_no_page_while_the_database_cannot_be_used(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    def full(*_arguments: object, **_named: object) -> None:
        raise UnavailableError("the database has no room left on its disk")

    client = provider.client()
    browser = provider.browser(provider.resident())
    monkeypatch.setattr(Grants, "issue", full)
    response = browser.authorize(client.request(prompt="none"))
    assert answered(response)["error"] == "temporarily_unavailable"
    with_page = browser.authorize(client.request())
    assert (with_page.status_code, with_page.headers["Retry-After"]) == (503, "10")


def test_3_1_2_1_prompt_none_is_told_that_consent_is_missing(provider: Provider):
    client = provider.client(first_party=False)
    answer = answered(provider.browser(provider.resident()).authorize(client.request(prompt="none")))
    assert answer["error"] == "consent_required"


def test_3_1_2_1_prompt_login_asks_again_and_once(provider: Provider):
    client = provider.client()
    resident = provider.resident()
    browser = provider.browser(resident)
    provider.advance(seconds=10)
    continuation = sign_in_page(provider, browser, client, prompt="login")
    assert handed_over(browser.get(continuation.path))[0] == "/sign-in"
    browser.sign_in(resident)
    assert "code" in answered(browser.get(continuation.path))


def test_3_1_2_1_max_age_asks_those_who_signed_in_earlier(provider: Provider):
    client = provider.client()
    resident = provider.resident()
    browser = provider.browser(resident)
    provider.advance(seconds=60)
    assert "code" in answered(browser.authorize(client.request(max_age="60")))
    provider.advance(seconds=1)
    continuation = sign_in_page(provider, browser, client, max_age="60")
    assert (
        answered(browser.authorize(client.request(max_age="60", prompt="none")))["error"] == "login_required"
    )
    browser.sign_in(resident)
    tokens = provider.redeem(client, answered(browser.get(continuation.path))["code"]).json
    assert provider.claims(tokens["id_token"])["auth_time"] == int(provider.clock.now().timestamp())


def test_3_1_2_1_max_age_zero_asks_and_does_not_loop(provider: Provider):
    client = provider.client()
    resident = provider.resident()
    browser = provider.browser(resident)
    provider.advance(seconds=1)
    continuation = sign_in_page(provider, browser, client, max_age="0")
    browser.sign_in(resident)
    provider.advance(seconds=5)
    assert "code" in answered(browser.get(continuation.path))


def test_3_1_2_1_max_age_that_is_no_number_is_refused(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    for max_age in ("-1", "1.5", "soon", "٣", "9" * 12):
        assert answered(browser.authorize(client.request(max_age=max_age)))["error"] == "invalid_request"


@pytest.mark.database("sqlite", "postgresql")
def test_3_1_2_1_select_account_shows_who_is_signed_in(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    provider.advance(seconds=1)
    asked = browser.authorize(client.request(prompt="select_account"))
    page = browser.get(asked.location).get_data(as_text=True)
    assert "Continue as jane1@example.com" in page
    assert "Use another account" in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    chosen = browser.post(asked.location, {"csrf_token": token, "answer": "yes"})
    assert "code" in answered(browser.get(chosen.location))


def test_3_1_2_1_the_forms_of_the_provider_cannot_be_forged(provider: Provider):
    client = provider.client(first_party=False)
    browser = provider.browser(provider.resident())
    asked = browser.authorize(client.request())
    assert browser.post(asked.location, {"answer": "yes"}).status_code == 400
    assert "Allow access" in browser.get(asked.location).get_data(as_text=True)


def test_3_1_2_4_a_third_party_needs_consent(provider: Provider):
    client = provider.client(first_party=False)
    browser = provider.browser(provider.resident())
    asked = browser.authorize(client.request())
    page = browser.get(asked.location).get_data(as_text=True)
    assert "The city website (city.example) asks to:" in page
    assert "see your email address" in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    allowed = browser.post(asked.location, {"csrf_token": token, "answer": "yes"})
    assert "code" in answered(browser.get(allowed.location))


def test_3_1_2_6_who_declines_sends_access_denied(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    asked = browser.authorize(client.request(prompt="consent"))
    page = browser.get(asked.location).get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = answered(browser.post(asked.location, {"csrf_token": token, "answer": "no"}))
    assert (answer["error"], answer["state"]) == ("access_denied", "the-state")


NO = "Go back to The city website without signing in"


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_3_1_2_6_a_resident_who_will_not_sign_in_says_so(provider: Provider, mode: str):
    client, browser = provider.client(), provider.browser()
    address = browser.authorize(client.request(response_mode=mode)).location
    form = Page.ok(browser.get(address)).form("decline")
    declined = browser.post(form.action, form.filled(NO))
    answer = answered(declined) if mode == "query" else Page.ok(declined).form(client.redirect_uri).fields
    assert answer.pop("error_description")
    assert answer == {"error": "access_denied", "state": "the-state", "iss": ISSUER}
    # It was answered: no code comes of it any more.
    browser.sign_in(provider.resident())
    assert "reason=sign_in_already_answered" in browser.get(form.action).location


def test_3_1_2_6_a_no_is_a_no_also_in_a_browser_that_signed_in_meanwhile(provider: Provider):
    client, browser = provider.client(), provider.browser()
    form = Page.ok(browser.get(browser.authorize(client.request()).location)).form("decline")
    browser.sign_in(provider.resident())
    assert answered(browser.post(form.action, form.filled(NO)))["error"] == "access_denied"


def test_3_1_2_6_it_cannot_be_forged_and_belongs_to_its_browser(provider: Provider):
    client, browser = provider.client(), provider.browser()
    form = Page.ok(browser.get(browser.authorize(client.request()).location)).form("decline")
    assert browser.post(form.action, {"answer": "no"}).status_code == 400
    other = provider.browser()
    token = Page.ok(other.get("/sign-in")).form("/sign-in").fields["csrf_token"]
    refused = other.post(form.action, {"csrf_token": token, "answer": "no"})
    assert "reason=sign_in_began_in_another_browser" in refused.location
    assert answered(browser.post(form.action, form.filled(NO)))["error"] == "access_denied"


def test_a_sign_in_that_no_website_asked_for_has_nothing_to_decline(provider: Provider):
    assert "without signing in" not in Page.ok(provider.browser().get("/sign-in")).source


def test_prompt_create_leads_to_sign_up_and_comes_back(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    path, continuation, _query = handed_over(browser.authorize(client.request(prompt="create")))
    assert path == "/sign-up"
    assert handed_over(browser.get(continuation.path))[0] == "/sign-in"
    browser.sign_in(provider.resident())
    assert "code" in answered(browser.get(continuation.path))


def test_3_1_2_1_id_token_hint_names_the_resident(provider: Provider):
    client = provider.client()
    jane, john = provider.resident(), provider.resident()
    hint = provider.tokens(provider.browser(jane), client)["id_token"]
    provider.advance(hours=2)
    janes, johns = provider.browser(jane), provider.browser(john)
    assert "code" in answered(janes.authorize(client.request(id_token_hint=hint, prompt="none")))
    silent = answered(johns.authorize(client.request(id_token_hint=hint, prompt="none")))
    assert silent["error"] == "login_required"
    provider.advance(seconds=1)
    continuation = sign_in_page(provider, johns, client, id_token_hint=hint)
    johns.sign_in(john)
    assert answered(johns.get(continuation.path))["error"] == "login_required"
    continuation = sign_in_page(provider, provider.browser(), client, id_token_hint=hint)


def test_3_1_2_1_a_hint_that_is_not_ours_or_not_the_clients_is_refused(provider: Provider):
    client, other = provider.client(), provider.client(id="another")
    browser = provider.browser(provider.resident())
    hint = provider.tokens(browser, client)["id_token"]
    for bad in ("nonsense", f"{hint}x"):
        assert answered(browser.authorize(client.request(id_token_hint=bad)))["error"] == "invalid_request"
    assert answered(browser.authorize(other.request(id_token_hint=hint)))["error"] == "invalid_request"


def test_3_1_2_1_ui_locales_choose_the_language_of_the_page(provider: Provider):
    client = provider.client()
    _path, _continuation, query = handed_over(
        provider.browser().authorize(client.request(ui_locales="fr-CA es-MX en"))
    )
    assert query["lang"] == ["es"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ],
)
def test_6_request_objects_are_refused_by_name(provider: Provider, name: str, error: str):
    client = provider.client()
    answer = answered(provider.browser(provider.resident()).authorize(client.request(**{name: "x"})))
    assert answer["error"] == error


def test_5_3_userinfo_tells_what_the_scope_allows(provider: Provider):
    client = provider.client()
    resident = provider.resident()
    browser = provider.browser(resident)
    everything = provider.tokens(browser, client)
    assert provider.userinfo(everything["access_token"]).json == {
        "sub": resident,
        "name": "Jane Doe",
        "given_name": "Jane",
        "family_name": "Doe",
        "locale": "en",
        "email": "jane1@example.com",
        "email_verified": True,
    }
    for scope, claims in (
        ("openid", {"sub"}),
        ("openid email", {"sub", "email", "email_verified"}),
        ("openid profile", {"sub", "name", "given_name", "family_name", "locale"}),
    ):
        tokens = provider.tokens(browser, client, scope=scope)
        assert set(provider.userinfo(tokens["access_token"]).json) == claims


def test_5_7_a_resident_without_a_proved_address_has_none_that_is_verified(provider: Provider):
    client = provider.client()
    resident = provider.resident(email_verified_at=None)
    tokens = provider.tokens(provider.browser(resident), client)
    assert provider.userinfo(tokens["access_token"]).json["email_verified"] is False


def test_12_2_a_refreshed_id_token_keeps_who_and_when(provider: Provider):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client)
    provider.advance(minutes=10)
    refreshed = provider.refresh(client, tokens["refresh_token"]).json
    before, after = provider.claims(tokens["id_token"]), provider.claims(refreshed["id_token"])
    for claim in ("iss", "sub", "aud", "auth_time", "sid"):
        assert before[claim] == after[claim]
    assert after["iat"] == before["iat"] + 600
    assert "nonce" not in after


def test_16_1_unknown_parameters_are_ignored(provider: Provider):
    client = provider.client()
    request = client.request(extra="foobar", display="popup", acr_values="1 2", claims_locales="se")
    assert "code" in answered(provider.browser(provider.resident()).authorize(request))


ABOUT_JANE = {
    "name": "Jane Doe",
    "given_name": "Jane",
    "family_name": "Doe",
    "locale": "en",
    "email": "jane1@example.com",
    "email_verified": True,
}


def test_5_4_claims_are_in_the_id_token_too_for_a_client_registered_so(provider: Provider):
    client = provider.client(claims_in_id_token=True)
    browser = provider.browser(provider.resident())
    tokens = provider.tokens(browser, client, scope="openid profile email")
    assert ABOUT_JANE.items() <= provider.claims(tokens["id_token"]).items()
    assert ABOUT_JANE.items() <= provider.userinfo(tokens["access_token"]).json.items()
    narrowed = provider.refresh(client, tokens["refresh_token"], scope="openid email").json
    told = provider.claims(narrowed["id_token"])
    assert ABOUT_JANE.keys() & told.keys() == {"email", "email_verified"}


def test_5_4_without_that_they_are_at_userinfo_alone(provider: Provider):
    client = provider.client()
    tokens = provider.tokens(provider.browser(provider.resident()), client, scope="openid profile email")
    assert not ABOUT_JANE.keys() & provider.claims(tokens["id_token"]).keys()
