"""The example that cities copy: short, ordinary, and not fooled."""

import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey

import examples.city_website
from examples.city_website.app import create_app

LONGEST = 135
# What every browser keeps at least (RFC 6265 §6.1).
LARGEST_COOKIE = 4096
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def sign_in(website):
    address = website.get("/sign-in").location
    back = urlsplit(requests.get(address, allow_redirects=False, timeout=5).headers["Location"])
    return website.get(f"{back.path}?{back.query}")


def test_it_is_short_enough_to_copy() -> None:
    source = Path(examples.city_website.__file__).with_name("sign_in.py")

    assert len(source.read_text().splitlines()) <= LONGEST


def test_the_home_page_leads_to_the_portal_and_to_sign_in(website) -> None:
    page = website.get("/").text

    assert 'href="http://127.0.0.1:8080">Pay Utility Bill</a>' in page
    assert 'href="/sign-in">Sign in</a>' in page


def test_it_asks_for_a_code_with_pkce_state_and_nonce(website) -> None:
    sent = parse_qs(urlsplit(website.get("/sign-in").location).query)

    assert sent["response_type"] == ["code"]
    assert sent["code_challenge_method"] == ["S256"]
    assert sent["redirect_uri"] == ["http://127.0.0.1:8090/sign-in/callback"]
    assert {"state", "nonce", "code_challenge"} <= set(sent)


def test_a_resident_is_signed_in_by_name(website) -> None:
    response = sign_in(website)

    assert (response.status_code, response.location) == (303, "/")
    page = website.get("/").text
    assert "Ana Rivera" in page
    assert "Sign out" in page


def test_signing_out_is_signing_out_at_identity_too(website, identity) -> None:
    sign_in(website)

    sent = urlsplit(website.post("/sign-out").location)

    assert f"{sent.scheme}://{sent.netloc}{sent.path}" == f"{identity.issuer}/end-session"
    query = parse_qs(sent.query)
    assert query["post_logout_redirect_uri"] == ["http://127.0.0.1:8090/"]
    assert query["id_token_hint"][0].count(".") == 2
    assert "Ana Rivera" not in website.get("/").text


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": 1_700_000_000},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_an_id_token_that_does_not_hold_signs_nobody_in(website, identity, claims) -> None:
    identity.claims = claims

    assert sign_in(website).status_code == 400
    assert "Ana Rivera" not in website.get("/").text


def test_a_signature_of_a_stranger_signs_nobody_in(website, identity) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "es"})
    identity.sign = lambda header, claims: jwt.encode(header, claims, stranger, algorithms=["ES256"])

    assert sign_in(website).status_code == 400


@pytest.mark.parametrize(
    "redirect",
    [{"iss": "https://evil.example"}, {"state": "forged"}, {"code": None, "error": "access_denied"}],
)
def test_a_false_answer_or_a_no_signs_nobody_in_and_has_a_way_back(website, identity, redirect) -> None:
    identity.redirect = redirect

    response = sign_in(website)

    assert response.status_code == 400
    assert "You are not signed in" in response.text
    assert 'href="/"' in response.text


def test_userinfo_of_somebody_else_signs_nobody_in(website, identity) -> None:
    identity.userinfo["sub"] = "somebody-else"

    assert sign_in(website).status_code == 400


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/jwks"])
def test_an_identity_in_trouble_is_explained(website, identity, path: str) -> None:
    identity.answers[path] = (500, "text/html", b"<h1>oops</h1>")

    response = sign_in(website)

    assert response.status_code == 503
    assert "The sign-in service cannot be reached just now" in response.text


def test_the_back_button_after_sign_in_is_explained(website) -> None:
    address = website.get("/sign-in").location
    back = urlsplit(requests.get(address, allow_redirects=False, timeout=5).headers["Location"])
    website.get(f"{back.path}?{back.query}")

    assert website.get(f"{back.path}?{back.query}").status_code == 400
    assert "Ana Rivera" in website.get("/").text


def test_a_sign_in_begun_and_not_finished_thirty_times_does_not_fill_the_cookie(website) -> None:
    for _ in range(30):
        response = website.get("/sign-in")

    assert len(response.headers["Set-Cookie"]) < LARGEST_COOKIE
    assert sign_in(website).status_code == 303


def test_a_sign_in_begun_in_another_tab_just_before_can_be_finished(website) -> None:
    first = website.get("/sign-in").location
    website.get("/sign-in")
    back = urlsplit(requests.get(first, allow_redirects=False, timeout=5).headers["Location"])

    assert website.get(f"{back.path}?{back.query}").status_code == 303


def logout_token(identity, *, typ: str = "logout+jwt", **changes: object) -> str:
    now = int(time.time())
    claims = {
        "iss": identity.issuer,
        "aud": "city-website",
        "iat": now,
        "exp": now + 120,
        "jti": "a-logout",
        "events": {LOGOUT: {}},
        "sid": "identity-session",
        "sub": "resident-1",
    } | changes
    header = {"alg": "ES256", "typ": typ, "kid": "es"}
    return identity.sign(header, {name: value for name, value in claims.items() if value is not None})


def test_a_resident_who_signs_out_elsewhere_is_signed_out_here(website, identity) -> None:
    sign_in(website)

    response = website.post("/backchannel-logout", data={"logout_token": logout_token(identity)})

    assert response.status_code == 200
    assert "Ana Rivera" not in website.get("/").text


def test_a_logout_of_another_session_ends_none_here(website, identity) -> None:
    sign_in(website)

    token = logout_token(identity, sid="another-session")

    assert website.post("/backchannel-logout", data={"logout_token": token}).status_code == 200
    assert "Ana Rivera" in website.get("/").text


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": None},
        {"events": None},
        {"events": {}},
        {"events": "text"},
        {"nonce": "of-an-id-token"},
        {"typ": "JWT"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"iat": None},
        {"jti": None},
        {"sid": None},
    ],
)
def test_a_logout_token_that_does_not_hold_ends_no_session(website, identity, changes) -> None:
    sign_in(website)

    response = website.post("/backchannel-logout", data={"logout_token": logout_token(identity, **changes)})

    assert response.status_code == 400
    assert "Ana Rivera" in website.get("/").text


@pytest.mark.parametrize("sent", [{}, {"logout_token": ""}, {"logout_token": "a.b.c"}, {"logout_token": "é"}])
def test_what_is_no_logout_token_ends_no_session(website, sent) -> None:
    sign_in(website)

    assert website.post("/backchannel-logout", data=sent).status_code == 400
    assert "Ana Rivera" in website.get("/").text


def test_a_logout_token_of_a_stranger_ends_no_session(website, identity) -> None:
    sign_in(website)
    stranger = ECKey.generate_key("P-256", {"kid": "es"})
    identity.sign = lambda header, claims: jwt.encode(header, claims, stranger, algorithms=["ES256"])

    response = website.post("/backchannel-logout", data={"logout_token": logout_token(identity)})

    assert response.status_code == 400
    assert "Ana Rivera" in website.get("/").text


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health(website, path: str) -> None:
    assert website.get(path).json == {"status": "ok"}


def test_pages_have_a_policy_that_lets_sign_out_pass(website, identity) -> None:
    policy = website.get("/").headers["Content-Security-Policy"]

    assert f"form-action 'self' {identity.issuer}" in policy
    assert "unsafe" not in policy


def test_an_issuer_below_a_path_lets_sign_out_pass_too() -> None:
    settings = {
        "CITY_WEBSITE_BASE_URL": "https://www.example.gov",
        "CITY_WEBSITE_ISSUER": "https://id.example.gov/city/id",
        "CITY_WEBSITE_CLIENT_ID": "city-website",
        "CITY_WEBSITE_CLIENT_SECRET": "city-secret",
        "CITY_WEBSITE_PORTAL_URL": "https://www.example.gov/pay",
        "CITY_WEBSITE_SECRET_KEY": "s" * 32,
    }
    response = create_app(settings).test_client().get("/", base_url="https://www.example.gov")

    assert response.headers["Content-Security-Policy"].endswith("form-action 'self' https://id.example.gov")
