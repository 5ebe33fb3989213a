"""A portal to click through, with an identity and a billing_link that do as they are told."""

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
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from portal.app import create_app
from portal.clock import FixedClock
from portal.config import Settings
from shared_apps import SharedApps

from tests.portal.doubles import billing_link as billing_link_double
from tests.portal.doubles import identity as identity_double
from tests.portal.doubles.billing_link import FakeBillingLink
from tests.portal.doubles.identity import CITY_ID, FakeIdentity


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


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, 15, 0, tzinfo=UTC))


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
        secret_keys=["k" * 32],
        issuer=identity.issuer,
        client_id="citizen-self-service",
        client_secret="portal-secret",
        city=CITY_ID,
        billing_link_target=billing_link.target,
    )


@pytest.fixture
def app(settings: Settings, clock: FixedClock, shared_apps: SharedApps) -> Iterator[Flask]:
    app = shared_apps.lend(
        f"portal {settings!r}", clock, lambda borrowers: create_app(settings, clock=borrowers), close
    )
    app.config["WTF_CSRF_ENABLED"] = False
    yield app
    close(app)


def close(app: Flask) -> None:
    """Close what the portal keeps open; it opens that again when it needs it."""
    for each in app.extensions["portal.close"]:
        each()


class Visitor:
    """One browser: follows identity's redirects as a real one would."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def leave(self, path: str = "/sign-in") -> str:
        """Go to sign-in and return identity's address."""
        response = self.client.get(path)
        assert response.status_code == 303, response.text
        return str(response.location)

    def answered(self, address: str) -> str:
        """Let identity answer; return the portal's path it sends the browser to."""
        location = requests.get(address, allow_redirects=False, timeout=5).headers["Location"]
        parts = urlsplit(location)
        return f"{parts.path}?{parts.query}"

    def sign_in(self, path: str = "/sign-in") -> Any:
        """Sign in and return the answer to identity's redirect."""
        return self.client.get(self.answered(self.leave(path)))

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, **fields: str) -> Any:
        return self.client.post(path, data=fields)

    def follow(self, response: Any) -> Any:
        assert response.status_code == 303, response.text
        return self.client.get(response.location)


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
