"""The OpenID provider on a fresh database with a frozen clock, and a client and a browser to try it with.

`provider` is the whole of identity as `create_app` puts it together; nothing listens on a port.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from applications import Applications
from flask import Flask
from flask.testing import FlaskClient
from identity.app import create_app
from identity.audit.models import AuditEvent
from identity.clock import Clock, FixedClock
from identity.config import Settings
from identity.relying_parties.admin import Registry
from identity.relying_parties.schemas import read_city, read_client, read_resource
from identity.residents.accounts.models import Resident
from identity.residents.sessions.store import Sessions
from identity.secret_keys import SecretKeys
from identity.signing_keys.models import KeyState
from identity.signing_keys.rotation import ALWAYS, generate_key
from identity.signing_keys.store import SigningKeys, StoredKey
from identity.storage import Storage
from identity.web.api import Api
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

BEGINNING = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SECRET_KEY = "a key of thirty-two characters or more"
ISSUER = "http://localhost:8000"
CITY = "pinellas-park"
RESOURCE = "urn:community-access:billing-link"
RESOURCE_SECRET = "resource-secret-resource-secret-0000"
CLIENT_SECRET = "client-secret-client-secret-client-00"
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>'
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0000"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Client:
    """A registered client, and what it sends."""

    id: str = "city-website"
    secret: str | None = CLIENT_SECRET
    redirect_uri: str = "https://city.example/callback"
    scope: str = "openid profile email"

    def request(self, **changes: str | list[str] | None) -> dict[str, Any]:
        """Return an authorization request; None leaves a parameter out."""
        parameters: dict[str, Any] = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {k: v for k, v in (parameters | changes).items() if v is not None}

    def basic(self) -> dict[str, str]:
        """Return the header of `client_secret_basic`."""
        credentials = base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {credentials}"}


class Browser:
    """A resident's browser: keeps cookies, follows nothing by itself."""

    def __init__(self, app: Flask, sign_in: Callable[[str], str]) -> None:
        self.client: FlaskClient = app.test_client()
        self._sign_in = sign_in

    def sign_in(self, resident_id: str) -> None:
        """Begin a session, as the sign-in page does."""
        self.client.set_cookie("session", self._sign_in(resident_id), domain="localhost")

    def get(self, url: str, **options: Any) -> TestResponse:
        """Open an address of identity."""
        return self.client.get(url.removeprefix(ISSUER), base_url=ISSUER, **options)

    def post(self, url: str, data: Any = None, **options: Any) -> TestResponse:
        """Send a form to identity."""
        return self.client.post(url.removeprefix(ISSUER), data=data, base_url=ISSUER, **options)

    def open(self, url: str, method: str, **options: Any) -> TestResponse:
        """Send any request."""
        return self.client.open(url, method=method, base_url=ISSUER, **options)

    def authorize(self, parameters: dict[str, Any], **options: Any) -> TestResponse:
        """Open the authorization endpoint."""
        return self.get(f"/authorize?{urlencode(parameters, doseq=True)}", **options)


@dataclass
class Provider:
    """Identity, its clock, and short ways to what tests need again and again."""

    app: Flask
    clock: Any
    storage: Any
    url: str
    residents: int = 0
    sids: list[str] = field(default_factory=list)

    def client(self, **changes: Any) -> Client:
        """Register a client, confidential unless its method is `none`."""
        content = {
            "id": "city-website",
            "city_id": CITY,
            "name": "The city website",
            "redirect_uris": ["https://city.example/callback"],
            "post_logout_redirect_uris": ["https://city.example/"],
            "initiate_login_uri": "https://city.example/sign-in",
            "scopes": ["openid", "profile", "email", "offline_access", "billing.read", "billing.link"],
            "resources": [RESOURCE],
            "id_token_signed_response_alg": "ES256",
        } | changes
        by_secret = content.get("token_endpoint_auth_method", "client_secret").startswith("client_secret")
        secret = CLIENT_SECRET if by_secret else None
        Registry(self.storage, self.clock).put_client(read_client(content), secret)
        self.advance(seconds=6)
        return Client(content["id"], secret, content["redirect_uris"][0])

    def resident(self, **changes: Any) -> str:
        """Add a resident with a verified address; return their `sub`."""
        self.residents += 1
        fields = {
            "id": f"resident-{self.residents}",
            "email": f"jane{self.residents}@example.com",
            "email_key": f"jane{self.residents}@example.com",
            "email_verified_at": self.clock.now(),
            "sign_in_method": "password",
            "given_name": "Jane",
            "family_name": "Doe",
            "language": "en",
            "city_id": None,
            "created_at": self.clock.now(),
            "disabled_at": None,
        } | changes
        with self.storage.transaction() as tx:
            tx.add(Resident(**fields))
        return str(fields["id"])

    @property
    def api(self) -> Api:
        """Return the endpoints that programs call."""
        api = self.app.wsgi_app
        while not isinstance(api, Api):
            api = api._application  # noqa: SLF001 - what stands before it
        return api

    def rules(self) -> Iterator[tuple[str, set[str]]]:
        """Return every path of endpoints and pages, with its methods."""
        for route in self.api.routes:
            yield route.path, {*route.methods, "OPTIONS"}
        for rule in self.app.url_map.iter_rules():
            yield rule.rule, set(rule.methods or ())

    def browser(self, resident_id: str | None = None) -> Browser:
        """Return a browser, signed in if a resident is named."""
        browser = Browser(self.app, self.begin_session)
        if resident_id:
            browser.sign_in(resident_id)
        return browser

    def begin_session(self, resident_id: str) -> str:
        with self.storage.autocommit() as connection:
            begun = Sessions(connection).insert_session(
                resident_id=resident_id,
                amr=["pwd"],
                remembered=False,
                now=self.clock.now(),
                user_agent="a browser",
                ip_address="127.0.0.1",
            )
        self.sids.append(begun.sid)
        return str(begun.secret)

    def end_session(self, sid: str) -> None:
        """End a session, as the profile page does."""
        with self.storage.autocommit() as connection:
            assert Sessions(connection).mark_ended([sid], self.clock.now())

    def advance(self, **by: float) -> None:
        """Move the clock forward."""
        self.clock.advance(timedelta(**by))

    def code(self, browser: Browser, client: Client, **changes: Any) -> str:
        """Return a code for the resident who is signed in."""
        answer = answered(browser.authorize(client.request(**changes)))
        assert "code" in answer, answer
        return answer["code"]

    def redeem(self, client: Client, code: str, **changes: Any) -> TestResponse:
        """Send a code to the token endpoint."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": VERIFIER,
        } | changes
        return self.token(client, **form)

    def refresh(self, client: Client, refresh_token: str, **changes: Any) -> TestResponse:
        """Send a refresh token to the token endpoint."""
        return self.token(client, grant_type="refresh_token", refresh_token=refresh_token, **changes)

    def token(self, client: Client, **form: Any) -> TestResponse:
        """Ask the token endpoint, authenticated as the client is registered."""
        form = {k: v for k, v in form.items() if v is not None}
        headers = client.basic() if client.secret else {}
        if not client.secret:
            form = {"client_id": client.id} | form
        return self.app.test_client().post("/token", data=form, headers=headers, base_url=ISSUER)

    def tokens(self, browser: Browser, client: Client, **changes: Any) -> dict[str, Any]:
        """Return the tokens of a whole flow."""
        response = self.redeem(client, self.code(browser, client, **changes))
        assert response.status_code == 200, response.json
        return dict(response.json or {})

    def userinfo(self, access_token: str) -> TestResponse:
        """Request userinfo."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.app.test_client().get("/userinfo", headers=headers, base_url=ISSUER)

    def claims(self, token: str) -> dict[str, Any]:
        """Return what a token says, its signature checked with the published keys."""
        keys = KeySet.import_key_set(self.app.test_client().get("/jwks", base_url=ISSUER).json)
        return dict(jwt.decode(token, keys, algorithms=["ES256", "RS256"]).claims)

    def events(self) -> list[str]:
        """Return the names of the recorded events."""
        with self.storage.transaction() as tx:
            return [event.event for event in tx.query(AuditEvent).order_by(AuditEvent.at)]


def answered(response: TestResponse) -> dict[str, str]:
    """Return what a redirect to the client says."""
    assert response.status_code == 303, (response.status_code, response.get_data(as_text=True)[:400])
    query = parse_qs(urlsplit(response.location).query, keep_blank_values=True)
    return {name: value for name, [value] in query.items()}


@pytest.fixture(scope="session")
def made_keys() -> dict[str, Any]:
    """Return one key pair for each algorithm that has one always, made once: RSA takes its time."""
    return {alg: generate_key(alg) for alg in ALWAYS}


@pytest.fixture(scope="session")
def made_city() -> Any:
    """Return the city, read once: to check its time zone all that exist are looked up on the disk."""
    return read_city(
        {
            "id": CITY,
            "name": "City of Pinellas Park",
            "website": "https://www.pinellas-park.com",
            "support_phone": "727-369-0690",
            "support_name": "Utility Billing Department",
            "primary_color": "#1b5e4b",
            "accent_color": "#8a3b12",
            "logo_svg": LOGO,
            "languages": ["en", "es"],
            "time_zone": "America/New_York",
        }
    )


@pytest.fixture
def provider_url(fresh_database: Callable[[str], str]) -> str:
    return fresh_database("identity")


@pytest.fixture(scope="session")
def workers_clock() -> FixedClock:
    """Return the clock of the applications that tests share; each test sets it (`set_clock`)."""
    return FixedClock(BEGINNING)


def set_clock(clock: FixedClock, moment: datetime) -> FixedClock:
    """Let the clock show this moment, to the second."""
    clock.advance(moment.replace(microsecond=0) - clock.now())
    return clock


@pytest.fixture
def provider(
    provider_url: str,
    made_city: Any,
    made_keys: dict[str, Any],
    workers_clock: FixedClock,
    applications: Applications,
) -> Iterator[Provider]:
    """Return the provider with a city, a resource and signing keys."""
    clock = set_clock(workers_clock, BEGINNING)
    bare = applications.lend(f"storage {provider_url}", lambda: bare_app(provider_url), close)
    storage = bare.extensions["identity"]
    with bare.app_context():
        registry = Registry(storage, clock)
        registry.put_city(made_city)
        resource = {"id": RESOURCE, "name": "Utility Billing", "scopes": ["billing.read", "billing.link"]}
        registry.put_resource(read_resource(resource), RESOURCE_SECRET)
        _add_keys(storage, clock.now(), made_keys)
        app = applications.lend(f"provider {provider_url}", lambda: _app(provider_url, clock), close)
        yield Provider(app, clock, storage, provider_url)


def bare_app(database_url: str) -> Flask:
    """Return an application that carries the transactions of a storage, and nothing else."""
    storage, app = Storage(database_url), Flask("identity")
    storage.init_app(app)
    app.extensions["identity"] = storage
    return app


def close(app: Flask) -> None:
    """Close what an application of identity keeps open."""
    app.extensions["identity"].dispose()


def _app(database_url: str, clock: Clock) -> Flask:
    settings = Settings(issuer=ISSUER, database_url=database_url, secret_keys=[SECRET_KEY])
    app = create_app(settings, clock=clock, hashing="cheap", providers={})
    app.config["TESTING"] = True
    return app


def _add_keys(storage: Any, now: datetime, made_keys: dict[str, Any]) -> None:
    secret_keys = SecretKeys([SECRET_KEY])
    with storage.transaction() as tx:
        for alg, key in made_keys.items():
            public = {**key.as_dict(private=False), "kid": f"key-{alg}", "alg": alg, "use": "sig"}
            sealed = secret_keys.encrypt(json.dumps(key.as_dict(private=True)))
            stored = StoredKey(f"key-{alg}", alg, KeyState.ACTIVE, public, sealed, now, now)
            SigningKeys(tx).add_key(stored)
