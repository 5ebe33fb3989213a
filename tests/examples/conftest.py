"""The example city's website with an identity that does as it is told."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from portal.clock import FixedClock

from examples.city_website.app import create_app
from tests.portal.doubles import identity as identity_double
from tests.portal.doubles.identity import FakeIdentity


@pytest.fixture(scope="session")
def identity_server() -> Iterator[FakeIdentity]:
    with identity_double.listening() as fake:
        yield fake


@pytest.fixture
def identity(identity_server: FakeIdentity) -> FakeIdentity:
    # The example is an ordinary client with the machine's clock.
    identity_server.reset(FixedClock(datetime.now(UTC)))
    return identity_server


@pytest.fixture
def website(identity: FakeIdentity) -> FlaskClient:
    return create_app(
        {
            "CITY_WEBSITE_BASE_URL": "http://127.0.0.1:8090",
            "CITY_WEBSITE_ISSUER": identity.issuer,
            "CITY_WEBSITE_CLIENT_ID": "city-website",
            "CITY_WEBSITE_CLIENT_SECRET": "city-secret",
            "CITY_WEBSITE_PORTAL_URL": "http://127.0.0.1:8080",
            "CITY_WEBSITE_SECRET_KEY": "s" * 32,
        }
    ).test_client()
