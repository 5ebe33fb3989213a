"""RFC 8252, OAuth 2.0 for Native Apps: loopback addresses with any port, and schemes of an app's own."""

from typing import Any
from urllib.parse import urlencode

import pytest
from identity_provider import CHALLENGE, ISSUER, Client, Provider, answered
from page import csrf_token
from self_registration import invited, register

APP = "com.example.case:/oauth2redirect"
SIGNED_OUT = "com.example.case:/signed-out"


def native(provider: Provider, *redirect_uris: str, **changes: Any) -> Client:
    return provider.client(
        id="native",
        name="The city's app",
        token_endpoint_auth_method="none",
        redirect_uris=list(redirect_uris),
        **changes,
    )


def agreed(provider: Provider, client: Client, redirect_uri: str) -> Any:
    """Return the redirect after the resident, who was signed in before, allowed the app."""
    browser = provider.browser(provider.resident())
    provider.advance(seconds=1)
    asked = browser.authorize(client.request(redirect_uri=redirect_uri)).location
    token = csrf_token(browser.get(asked))
    return browser.get(browser.post(asked, {"csrf_token": token, "answer": "yes"}).location)


def test_7_1_an_app_is_answered_at_a_scheme_of_its_own(provider: Provider):
    client = native(provider, APP)
    response = agreed(provider, client, APP)
    assert response.location.startswith(f"{APP}?")
    told = answered(response)
    assert (told["iss"], told["state"]) == (ISSUER, "the-state")
    assert "id_token" in provider.redeem(client, told["code"]).json


@pytest.mark.parametrize(
    "changed",
    [
        "com.example.case:/oauth2redirect/",
        "com.example.case://oauth2redirect",
        "COM.example.case:/oauth2redirect",
        "com.example.case:/oauth2redirect?x",
        "com.example.case:oauth2redirect",
        "com.example.case:/oauth2redirect\n",
    ],
)
def test_7_1_that_address_is_compared_exactly(provider: Provider, changed: str):
    client = native(provider, APP)
    assert provider.browser().authorize(client.request(redirect_uri=changed)).status_code == 400


def test_7_1_faults_are_told_to_the_app(provider: Provider):
    response = provider.browser().authorize(native(provider, APP).request(scope="OPENID"))
    assert response.location.startswith(f"{APP}?error=invalid_scope")


def test_7_1_the_app_is_returned_to_after_signing_out(provider: Provider):
    client = native(provider, APP, post_logout_redirect_uris=[SIGNED_OUT])
    query = urlencode({"client_id": client.id, "post_logout_redirect_uri": SIGNED_OUT, "state": "x"})
    assert provider.browser().get(f"/end-session?{query}").location == f"{SIGNED_OUT}?state=x"


def test_7_1_an_invitation_for_the_host_allows_the_scheme_that_is_made_of_it(provider: Provider):
    metadata = {
        "client_name": "A case",
        "redirect_uris": [APP],
        "token_endpoint_auth_method": "none",
        "initiate_login_uri": "https://case.example.com/app",
    }
    allowed = invited(provider, redirect_hosts=["case.example.com"]).token
    assert register(provider, allowed, metadata).status_code == 201
    refused = register(provider, invited(provider).token, metadata)
    assert refused.json["error"] == "invalid_redirect_uri"


UNSOUND = [
    "http://127.0.0.1:5000/cb%0A",
    "http://127.0.0.1:5000/cb\n",
    "http://127.0.0.1:5000/c\tb",
    "HTTP://127.0.0.1:5000/cb",
    "http://127.0.0.1:5000/cb?",
    "http://127.0.0.1:5000/cb#",
    "http://127.0.0.1:0/cb",
    "http://127.0.0.1:/cb",
    "http://127.0.0.1:05000/cb",
    "http://127.0.0.1:65536/cb",
    "http://127.0.0.1:99999999999999999999/cb",
    "http://x@127.0.0.1:5000/cb",
    "http://127.0.0.1:5000\\cb",
    "http://localhost:5000/cb",
    "http://[::1]:5000/cb",
]


def test_7_3_only_the_port_may_differ_on_loopback(provider: Provider):
    client = native(provider, "http://127.0.0.1/cb")
    for redirect_uri in UNSOUND:
        response = provider.browser().authorize(client.request(redirect_uri=redirect_uri))
        assert response.status_code == 400, redirect_uri
        assert "Location" not in response.headers, redirect_uri
        pushed = provider.app.test_client().post(
            "/par", data=client.request(redirect_uri=redirect_uri), base_url=ISSUER
        )
        assert (pushed.status_code, pushed.json["error"]) == (400, "invalid_request"), redirect_uri


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_7_3_the_port_is_the_apps_choice(provider: Provider, host: str):
    client = native(provider, f"http://{host}/cb", post_logout_redirect_uris=[f"http://{host}/out"])
    redirect_uri = f"http://{host}:53127/cb"
    told = answered(agreed(provider, client, redirect_uri))
    assert provider.redeem(client, told["code"], redirect_uri=redirect_uri).status_code == 200
    back = f"http://{host}:53127/out"
    query = urlencode({"client_id": client.id, "post_logout_redirect_uri": back})
    assert provider.browser().get(f"/end-session?{query}").location == back


@pytest.mark.parametrize(
    ("redirect_uri", "source"),
    [
        (APP, "com.example.case:"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:*"),
        # CSP 3 §2.3.1 has no IPv6 addresses.
        ("http://[::1]/cb", "http:"),
    ],
)
def test_the_pages_forms_may_end_at_the_app(provider: Provider, redirect_uri: str, source: str):
    client = native(provider, redirect_uri)
    browser = provider.browser()
    page = browser.get(browser.authorize(client.request()).location)
    policy = page.headers["Content-Security-Policy"]
    assert source in policy.partition("form-action ")[2].split()


def test_6_an_app_needs_pkce(provider: Provider):
    client = native(provider, APP)
    faults = answered(provider.browser().authorize(client.request(code_challenge=None)))
    assert faults["error"] == "invalid_request"
    plain = client.request(code_challenge=CHALLENGE, code_challenge_method="plain")
    assert answered(provider.browser().authorize(plain))["error"] == "invalid_request"


def test_8_6_the_citys_own_app_gets_no_code_without_the_resident(provider: Provider):
    client = native(provider, APP)
    browser = provider.browser(provider.resident())
    assert "/authorize/resume/" in browser.authorize(client.request()).location
    silent = answered(browser.authorize(client.request(prompt="none")))
    assert silent["error"] == "consent_required"
