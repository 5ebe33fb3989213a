"""The whole application with one city and one client, and Flask's test client over it."""

from collections.abc import Callable

import pytest
from applications import Applications
from flask import Flask
from flask.testing import FlaskClient
from identity.app import create_app
from identity.clock import FixedClock
from identity.config import Settings
from identity.continuation import Continuation, Continuations
from identity.relying_parties.clients import RegisteredCity, RegisteredClient
from identity.relying_parties.store import Cities, Clients
from identity.secret_keys import SecretKeys
from identity.storage import Storage
from identity_provider import close

CITY = RegisteredCity(
    id="pinellas-park",
    name="City of Pinellas Park",
    website="http://127.0.0.1:8090/",
    support_phone="727-369-0690",
    support_name="Utility Billing Department",
    primary_color="#1b4f72",
    accent_color="#b7950b",
    logo_svg='<svg xmlns="http://www.w3.org/2000/svg"/>',
    languages=("en", "es"),
    time_zone="America/New_York",
    notice="",
)


@pytest.fixture
def city() -> RegisteredCity:
    return CITY


@pytest.fixture
def registered(storage: Storage, clock: FixedClock) -> None:
    """Register the city and its portal."""
    client = RegisteredClient(
        id="citizen-self-service",
        city_id=CITY.id,
        name="Citizen Self Service",
        token_endpoint_auth_method="client_secret_basic",
        grant_types=frozenset({"authorization_code"}),
        redirect_uris=frozenset({"http://127.0.0.1:8080/sign-in/callback"}),
        post_logout_redirect_uris=frozenset(),
        initiate_login_uri="http://127.0.0.1:8080/sign-in",
        scopes=frozenset({"openid"}),
        resources=frozenset(),
        pkce_required=True,
        first_party=True,
        secrets=(),
        id_token_signed_response_alg="ES256",
    )
    with storage.transaction() as tx:
        Cities(tx).put_city(CITY)
        Clients(tx).put_client(client, clock.now())


@pytest.fixture
def start(
    settings: Settings, clock: FixedClock, registered: None, applications: Applications
) -> Callable[..., Flask]:
    """Return a function that starts the application with other settings than usual."""

    def start_with(**changes: object) -> Flask:
        changed = settings.model_copy(update=changes)
        return applications.lend(
            f"pages {changed.database_url.get_secret_value()} {changed!r}",
            lambda: create_app(changed, clock=clock, hashing="cheap", providers={}),
            close,
        )

    # The usual one is there before a test puts anything in the place of its parts.
    start_with()
    return start_with


@pytest.fixture
def client(start: Callable[..., Flask]) -> FlaskClient:
    return start().test_client()


@pytest.fixture
def from_portal(secret_keys: SecretKeys) -> str:
    """Return the query of a resident who comes from the portal."""
    signed = Continuations(secret_keys).sign(
        Continuation(path="/help", client_id="citizen-self-service", city_id=CITY.id)
    )
    return f"?continue={signed}"
