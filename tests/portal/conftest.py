"""A portal with doubles of identity and billing_link, and a browser for it."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import portal
import pytest
import requests
from applications import Applications
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from page import Form, Page
from portal.app import create_app
from portal.clock import FixedClock
from portal.config import Settings
from portal.web import city

from tests.portal.doubles import billing_link as billing_link_double
from tests.portal.doubles import identity as identity_double
from tests.portal.doubles.billing_link import FakeBillingLink
from tests.portal.doubles.identity import CITY_ID, FakeIdentity

BEGINNING = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def identity_server() -> Iterator[FakeIdentity]:
    with identity_double.listening() as fake:
        yield fake


@pytest.fixture(scope="session")
def billing_link_server() -> Iterator[FakeBillingLink]:
    with billing_link_double.listening() as fake:
        yield fake


@pytest.fixture(scope="session", autouse=True)
def compiled_translations(run_directory: Path) -> None:
    """Compile the catalogs that `make assets` compiles, so that the tests need no make."""
    for source in (Path(portal.__file__).parent / "translations").glob("*/LC_MESSAGES/messages.po"):
        with source.open("rb") as text:
            catalog = read_po(text)
        made = run_directory / f"{source.parts[-3]}-{os.getpid()}.mo"
        with made.open("wb") as binary:
            write_mo(binary, catalog)
        shutil.move(made, source.with_suffix(".mo"))


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page wait for the city however busy this machine is."""
    monkeypatch.setattr(city, "PATIENCE_SECONDS", 10)


@pytest.fixture(scope="session")
def workers_clock() -> FixedClock:
    """Return the clock of the application that tests share."""
    return FixedClock(BEGINNING)


@pytest.fixture
def clock(workers_clock: FixedClock) -> FixedClock:
    workers_clock.advance(BEGINNING - workers_clock.now())
    return workers_clock


@pytest.fixture
def identity(identity_server: FakeIdentity, clock: FixedClock) -> FakeIdentity:
    """Return an identity that behaves until it is told otherwise."""
    identity_server.reset(clock)
    return identity_server


@pytest.fixture
def billing_link(billing_link_server: FakeBillingLink) -> FakeBillingLink:
    """Return a billing_link that behaves until it is told otherwise."""
    billing_link_server.reset()
    return billing_link_server


@pytest.fixture
def settings(
    fresh_database: Callable[[str], str], identity: FakeIdentity, billing_link: FakeBillingLink
) -> Settings:
    return Settings(
        base_url="http://127.0.0.1:8080",
        database_url=fresh_database("portal"),
        secret_keys=["a key of thirty-two characters or more"],
        issuer=identity.issuer,
        client_id="citizen-self-service",
        client_secret="portal-secret",
        city=CITY_ID,
        billing_link_target=billing_link.target,
    )


@pytest.fixture
def app(settings: Settings, clock: FixedClock, applications: Applications) -> Iterator[Flask]:
    app = applications.lend(
        f"portal {settings.database_url.get_secret_value()} {settings!r}",
        lambda: create_app(settings, clock=clock),
        close,
    )
    app.config["WTF_CSRF_ENABLED"] = False
    yield app
    close(app)


def close(app: Flask) -> None:
    """Close what the portal keeps open; it opens that again when it needs it."""
    for each in app.extensions["portal.close"]:
        each()


class Visitor:
    """One browser: follows identity's redirects, reads pages, submits forms."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def start_sign_in(self, path: str = "/sign-in") -> str:
        """Go to sign-in and return the URL at identity that the browser is redirected to."""
        response = self.client.get(path)
        assert response.status_code == 303, response.text
        return str(response.location)

    def callback_of(self, url: str) -> str:
        """Let identity answer the authorization request; return the callback's path and query."""
        location = requests.get(url, allow_redirects=False, timeout=5).headers["Location"]
        parts = urlsplit(location)
        return f"{parts.path}?{parts.query}"

    def sign_in(self, path: str = "/sign-in") -> Any:
        """Sign in and return the portal's response to the callback."""
        return self.client.get(self.callback_of(self.start_sign_in(path)))

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, **fields: str) -> Any:
        return self.client.post(path, data=fields)

    def page(self, path: str, **more: Any) -> Page:
        """Return the page at a path, which must be 200."""
        return Page.ok(self.client.get(path, **more))

    def submit(self, form: Form, button: str = "", **values: str | None) -> Any:
        """Send a form as the browser would, and return the response."""
        assert form.method == "POST"
        return self.client.post(form.action, data=form.filled(button, **values))

    def follow(self, response: Any) -> Page:
        """Return the page that the response redirects to."""
        assert response.status_code == 303, response.text
        return Page.ok(self.client.get(response.location))

    @property
    def is_signed_in(self) -> bool:
        """Tell whether the browser has a live session."""
        return self.client.get("/home").status_code == 200


@pytest.fixture
def new_visitor(app: Flask) -> Callable[[], Visitor]:
    """Return a function that opens another browser."""
    return lambda: Visitor(app)


@pytest.fixture
def visitor(new_visitor: Callable[[], Visitor]) -> Visitor:
    return new_visitor()


@pytest.fixture
def resident(visitor: Visitor) -> Visitor:
    """Return a browser whose resident is signed in."""
    assert visitor.sign_in().status_code == 303
    return visitor


@pytest.fixture
def query() -> Callable[[str], dict[str, str]]:
    """Return a function from an address to its parameters."""
    return lambda address: {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
