"""An issuer below a path of its host (RFC 8414 §3.1, Discovery 1.0 §4.1), from sign-up to sign-out."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
from applications import Applications
from flask import Flask
from identity.app import create_app
from identity.config import Settings
from identity.outbox.models import OutboxMessage
from identity.relying_parties.schemas import DEVICE_CODE
from identity.secret_keys import SecretKeys
from identity_provider import CITY, SECRET_KEY, VERIFIER, Client, Provider, close
from joserfc import jwt
from joserfc.jwk import KeySet
from page import Page
from self_registration import METADATA, invited
from signing_client import JWKS, assertion, prover
from sqlalchemy import select
from werkzeug.test import Client as Http
from werkzeug.test import TestResponse

HOST = "https://www.example.gov"
ISSUER = f"{HOST}/city/id"
NAMES = ("openid-configuration", "oauth-authorization-server")
PASSWORD = "seven herons over the pond"


class Browser:
    """Follows redirects on the host, keeps each cookie for its path, and reads pages."""

    def __init__(self, app: Flask) -> None:
        self.http, self.url = Http(app), ISSUER
        # Where it was, where the pages lead to, and the paths of its cookies.
        self.paths, self.links, self.cookie_paths = set[str](), set[str](), set[str]()

    def open(self, url: str, data: dict[str, str] | None = None) -> TestResponse:
        """Return the page at the end; or the redirect to another host."""
        self.url = urljoin(self.url, url)
        self.paths.add(urlsplit(self.url).path)
        method = "GET" if data is None else "POST"
        response = self.http.open(self.url.removeprefix(HOST), method=method, base_url=HOST, data=data)
        for cookie in response.headers.getlist("Set-Cookie"):
            self.cookie_paths |= set(re.findall(r"; Path=([^;]*)", cookie))
        if response.mimetype == "text/html":
            self.links |= {str(found) for found in Page(response).all("//@href | //@src | //@action")}
        if response.status_code == 303 and urljoin(self.url, response.location).startswith(f"{HOST}/"):
            return self.open(response.location)
        return response

    def submit(self, page: TestResponse, *needed: str, **values: str) -> TestResponse:
        """Send the page's form that has these fields."""
        forms = [f for f in Page(page).root.forms if {*needed, *values} <= set(f.fields)]
        form = forms[0]
        fields = {name: str(value) for name, value in form.form_values()}
        return self.open(form.get("action"), fields | values)


@pytest.fixture
def app(provider: Provider, applications: Applications) -> Flask:
    settings = Settings(issuer=ISSUER, database_url=provider.url, secret_keys=[SECRET_KEY])
    return applications.lend(
        f"below a path {provider.url}",
        lambda: create_app(settings, clock=provider.clock, hashing="cheap", providers={}),
        close,
    )


@pytest.fixture
def http(app: Flask) -> Http:
    return Http(app)


def get(http: Http, address: str, **options: Any) -> TestResponse:
    return http.open(address.removeprefix(HOST), base_url=HOST, **options)


def mailed(provider: Provider) -> dict[str, str]:
    """Return what the last mail is about."""
    with provider.storage.autocommit() as connection:
        payload = connection.execute(select(OutboxMessage.payload)).scalars().all()[-1]
    return dict(json.loads(SecretKeys([SECRET_KEY]).decrypt(payload))["facts"])


@pytest.mark.parametrize("name", NAMES)
def test_rfc8414_3_1_both_forms_of_the_well_known_address_are_served(http: Http, name: str):
    appended = get(http, f"{ISSUER}/.well-known/{name}")
    inserted = get(http, f"{HOST}/.well-known/{name}/city/id")
    assert appended.status_code == inserted.status_code == 200
    assert appended.data == inserted.data
    assert appended.json["issuer"] == ISSUER
    assert inserted.headers["Access-Control-Allow-Origin"] == "*"
    assert get(http, f"{HOST}/.well-known/{name}").status_code == 404


def test_discovery_3_every_address_is_below_the_issuer(http: Http):
    document = get(http, f"{ISSUER}/.well-known/openid-configuration").json
    addresses = {n: a for n, a in document.items() if n.endswith(("_endpoint", "_uri")) or n == "issuer"}
    assert len(addresses) > 9
    assert {a for a in addresses.values() if not f"{a}/".startswith(f"{ISSUER}/")} == set()
    assert get(http, f"{ISSUER}/openapi.json").json["servers"] == [{"url": ISSUER}]


def tokens(http: Http, document: dict[str, Any], client: Client, code: str, **more: Any) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": VERIFIER,
    } | more
    headers = client.basic() if client.secret else {}
    response = get(http, document["token_endpoint"], method="POST", data=form, headers=headers)
    assert response.status_code == 200, response.json
    return dict(response.json)


def test_from_sign_up_to_sign_out(provider: Provider, app: Flask, http: Http):
    client = provider.client()
    document = get(http, f"{ISSUER}/.well-known/openid-configuration").json
    browser = Browser(app)

    request = f"{document['authorization_endpoint']}?{urlencode(client.request())}"
    page = browser.open(request)
    page = browser.open(Page.ok(page).link("Sign up"))
    named = {"first_name": "Nia", "last_name": "Lopez"}
    page = browser.submit(page, email="nia@example.com", password=PASSWORD, **named)
    mail = mailed(provider)
    assert mail["link"].startswith(f"{ISSUER}/verify-registration?")
    assert browser.open(mail["link"]).status_code == 200
    page = browser.submit(browser.submit(page, code=mail["code"]), email="nia@example.com", password=PASSWORD)
    answer = parse_qs(urlsplit(page.location).query)
    assert page.location.startswith(client.redirect_uri)
    assert answer["iss"] == [ISSUER]

    got = tokens(http, document, client, answer["code"][0])
    keys = KeySet.import_key_set(get(http, document["jwks_uri"]).json)
    claims = jwt.decode(got["id_token"], keys, algorithms=["ES256"]).claims
    assert claims["iss"] == ISSUER
    access = {"Authorization": f"Bearer {got['access_token']}"}
    userinfo = get(http, document["userinfo_endpoint"], headers=access)
    assert userinfo.json["email"] == "nia@example.com"

    profile = Page.ok(browser.open(ISSUER))
    assert (urlsplit(browser.url).path, "nia@example.com" in profile.text) == ("/city/id/profile", True)

    # Signed in: the next request is answered at once; after signing out it is not.
    assert "code=" in browser.open(request).location
    out = {"id_token_hint": got["id_token"], "post_logout_redirect_uri": "https://city.example/"}
    ended = browser.open(f"{document['end_session_endpoint']}?{urlencode(out)}")
    assert ended.location == "https://city.example/"
    assert "Sign up" in browser.open(request).text

    assert {path for path in browser.paths if not f"{path}/".startswith("/city/id/")} == set()
    inside = re.compile(r"/city/id/|#|tel:|https://(www\.pinellas-park\.com|city\.example)")
    assert {link for link in browser.links if not inside.match(link)} == set()
    assert browser.cookie_paths == {"/city/id"}


def test_assertions_and_proofs_are_for_addresses_below_the_path(provider: Provider, app: Flask, http: Http):
    """`aud` (RFC 7523 §3), `htu` (RFC 9449 §4.3), and a pushed request on the way (RFC 9126 §2)."""
    document = get(http, f"{ISSUER}/.well-known/openid-configuration").json
    client = provider.client(token_endpoint_auth_method="private_key_jwt", jwks=JWKS)
    key, now = prover(provider.clock), provider.clock.now()

    def ask(endpoint: str, audience: str, **form: str) -> TestResponse:
        proof = key.proof("", htu=document[endpoint])
        form |= assertion(client.id, now, aud=audience)
        return get(http, document[endpoint], method="POST", data=form, headers=proof)

    endpoint = "pushed_authorization_request_endpoint"
    assert ask(endpoint, HOST, **client.request()).json["error"] == "invalid_client"
    pushed = ask(endpoint, ISSUER, **client.request())
    assert pushed.status_code == 201, pushed.json

    browser = Browser(app)
    secret = provider.begin_session(provider.resident())
    browser.http.set_cookie("__Secure-city-id-session", secret, domain="www.example.gov", path="/city/id")
    query = urlencode({"client_id": client.id, "request_uri": pushed.json["request_uri"]})
    location = browser.open(f"{document['authorization_endpoint']}?{query}").location
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(location).query)["code"][0],
        "redirect_uri": client.redirect_uri,
        "code_verifier": VERIFIER,
    }
    got = ask("token_endpoint", document["token_endpoint"], **form).json
    assert got["token_type"] == "DPoP", got

    proof = key.proof("", "GET", token=got["access_token"], htu=document["userinfo_endpoint"])
    access = {"Authorization": f"DPoP {got['access_token']}"} | proof
    assert get(http, document["userinfo_endpoint"], headers=access).status_code == 200
    elsewhere = key.proof("", "GET", token=got["access_token"], htu=f"{HOST}/userinfo")
    assert get(http, document["userinfo_endpoint"], headers=access | elsewhere).status_code == 401


def test_what_clients_are_given_is_below_the_path(provider: Provider, http: Http):
    """`registration_client_uri` (RFC 7592 §3), `verification_uri` (RFC 8628 §3.2), a city's logo."""
    document = get(http, f"{ISSUER}/.well-known/openid-configuration").json
    token = {"Authorization": f"Bearer {invited(provider).token}"}
    made = get(http, document["registration_endpoint"], method="POST", json=METADATA, headers=token).json
    address = made["registration_client_uri"]
    assert address == f"{ISSUER}/register/{made['client_id']}"
    own = {"Authorization": f"Bearer {made['registration_access_token']}"}
    assert get(http, address, headers=own).json["client_id"] == made["client_id"]

    device = provider.client(id="kiosk", grant_types=[DEVICE_CODE])
    endpoint = document["device_authorization_endpoint"]
    codes = get(http, endpoint, method="POST", data={"scope": "openid"}, headers=device.basic()).json
    assert codes["verification_uri"] == f"{ISSUER}/device"
    assert get(http, codes["verification_uri_complete"]).status_code == 200

    logo = get(http, f"{ISSUER}/cities/{CITY}").json["logo"]
    assert logo == f"{ISSUER}/cities/{CITY}/logo.svg"
    assert get(http, logo).mimetype == "image/svg+xml"


def test_forms_with_passwords_have_threads_apart_below_the_path_too(app: Flask) -> None:
    is_apart = app.extensions["identity.is_apart"]
    assert is_apart("POST", "/city/id/sign-in")
    assert is_apart("GET", "/city/id/health/ready")
    assert is_apart("GET", "/health/ready")
    assert not is_apart("POST", "/city/id/token")
