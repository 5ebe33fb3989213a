"""What every test of identity starts from: a frozen clock, one keyring, an empty database on each kind."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from applications import Applications
from flask import Flask
from identity.clock import FixedClock
from identity.config import Settings
from identity.residents.accounts import addresses
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.store import Accounts
from identity.residents.passwords.hashing import PasswordHasher
from identity.secret_keys import SecretKeys
from identity.security_events.event_types import EventType
from identity.security_events.models import PolledEvent
from identity.security_events.receivers import ReceiverRegistry, Registration
from identity.storage import Storage, table_of
from identity_provider import BEGINNING, bare_app, close, set_clock
from pydantic import SecretStr
from sqlalchemy import select

SECRET_KEY = "a key of thirty-two characters or more"


@pytest.fixture
def clock(workers_clock: FixedClock) -> FixedClock:
    return set_clock(workers_clock, BEGINNING)


@pytest.fixture
def now(clock: FixedClock) -> datetime:
    """Return when the test begins."""
    return clock.now()


@pytest.fixture(scope="session")
def secret_keys() -> SecretKeys:
    return SecretKeys([SECRET_KEY])


@pytest.fixture(scope="session")
def hasher() -> PasswordHasher:
    return PasswordHasher("cheap")


@pytest.fixture
def database_url(fresh_database: Callable[[str], str]) -> str:
    return fresh_database("identity")


@pytest.fixture(scope="session")
def checked_settings() -> Settings:
    """Return settings without a database; to check so many takes longer than many a test."""
    return Settings(
        issuer="http://localhost:8000",
        database_url="sqlite:////tmp/unused.db",
        secret_keys=[SECRET_KEY],
        mail_sender="Community Access ID <no-reply@id.example.gov>",
    )


@pytest.fixture
def settings(checked_settings: Settings, database_url: str) -> Settings:
    """Return settings for a service at http://localhost:8000."""
    return checked_settings.model_copy(update={"database_url": SecretStr(database_url)})


@pytest.fixture
def storage_app(database_url: str, applications: Applications) -> tuple[Storage, Flask]:
    """Return the storage and a bare application that carries its transactions; no context is open."""
    app = applications.lend(f"storage {database_url}", lambda: bare_app(database_url), close)
    return app.extensions["identity"], app


@pytest.fixture
def storage(storage_app: tuple[Storage, Flask]) -> Iterator[Storage]:
    """Return the storage, with an application context open around the test."""
    storage, app = storage_app
    with app.app_context():
        yield storage


@pytest.fixture
def add_resident(storage: Storage, now: datetime) -> Callable[..., Resident]:
    """Return a function that adds a resident with a verified address."""

    def add(email: str = "jane@example.com", **changes: object) -> Resident:
        properties: dict[str, object] = {
            "address": addresses.parse(email),
            "address_verified": True,
            "sign_in_method": SignInMethod.PASSWORD,
            "given_name": "Jane",
            "family_name": "Doe",
            "language": "en",
            "city_id": None,
            "now": now,
        }
        with storage.transaction() as tx:
            return Accounts(tx).create(**(properties | changes))

    return add


@pytest.fixture
def told(storage: Storage, secret_keys: SecretKeys, clock: FixedClock) -> Callable[[], list[str]]:
    """Return a function that lists what a receiver was told: types of events, in order."""
    everything = frozenset(each.value for each in EventType)
    ReceiverRegistry(storage, secret_keys, clock).put(
        Registration("urn:receiver", None, None, everything), None
    )

    def told() -> list[str]:
        table = table_of(PolledEvent)
        with storage.autocommit() as connection:
            rows = connection.execute(select(table.c.payload).order_by(table.c.position)).scalars().all()
        events = [json.loads(secret_keys.decrypt(row))["events"] for row in rows]
        return [name.rpartition("/")[2] for event in events for name in event]

    return told
