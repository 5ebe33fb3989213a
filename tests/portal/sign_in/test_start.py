"""`/sign-in`: the authorization request that the browser is redirected with."""

import base64
import hashlib
from urllib.parse import urlencode

import pytest
from page import Page


def test_the_browser_is_sent_to_identity_with_code_pkce_state_nonce_and_resource(
    visitor, identity, query
) -> None:
    sent = query(visitor.start_sign_in())

    assert sent["response_type"] == "code"
    assert sent["client_id"] == "citizen-self-service"
    assert sent["redirect_uri"] == "http://127.0.0.1:8080/sign-in/callback"
    assert sent["scope"] == "openid profile email offline_access billing.read billing.link"
    assert sent["resource"] == "urn:community-access:billing-link"
    assert sent["code_challenge_method"] == "S256"
    assert min(len(sent[name]) for name in ("state", "nonce", "code_challenge")) >= 43


def test_the_verifier_that_is_redeemed_fits_the_challenge_that_was_sent(visitor, identity, query) -> None:
    sent = query(visitor.start_sign_in())
    visitor.get(f"/sign-in/callback?code=unknown&state={sent['state']}&iss={identity.issuer}")

    verifier = identity.asked("/token")[0]["code_verifier"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert challenge == sent["code_challenge"]


def test_each_trip_has_its_own_state_nonce_and_challenge(visitor, query) -> None:
    one, other = query(visitor.start_sign_in()), query(visitor.start_sign_in())

    assert all(one[name] != other[name] for name in ("state", "nonce", "code_challenge"))


def test_the_redirect_address_does_not_follow_the_host_header(visitor, query) -> None:
    location = visitor.client.get("/sign-in", headers={"Host": "evil.example"}).location

    assert query(location)["redirect_uri"] == "http://127.0.0.1:8080/sign-in/callback"


def test_a_language_and_a_login_hint_go_along(visitor, query) -> None:
    sent = query(visitor.start_sign_in("/sign-in?ui_locales=es-MX+en&login_hint=ana@example.com"))

    assert sent["ui_locales"] == "es"
    assert sent["login_hint"] == "ana@example.com"


def test_who_is_signed_in_goes_on_without_a_trip(resident) -> None:
    response = resident.get("/sign-in?return_to=/utility-billing")

    assert (response.status_code, response.location) == (303, "/utility-billing")


@pytest.mark.parametrize(
    "foreign",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"],
)
def test_no_return_path_leads_to_another_site_after_sign_in(visitor, foreign: str) -> None:
    address = visitor.start_sign_in(f"/sign-in?{urlencode({'return_to': foreign})}")

    assert visitor.get(visitor.callback_of(address)).location == "/home"


@pytest.mark.parametrize(
    "answer",
    [
        (500, "text/html", b"<h1>Internal Server Error</h1>"),
        (200, "text/html", b"<h1>Maintenance</h1>"),
        (200, "application/json", b'{"issuer": "https://evil.example"}'),
        (302, "text/html", b""),
    ],
)
def test_an_identity_that_cannot_be_reached_is_said_in_plain_words(visitor, identity, answer) -> None:
    identity.answers["/.well-known/openid-configuration"] = answer

    page = Page(visitor.get("/sign-in?return_to=/utility-billing"))

    assert page.status == 503
    assert "The sign-in service cannot be reached just now" in page.text
    assert page.link("Try again") == "/sign-in?return_to=/utility-billing"
