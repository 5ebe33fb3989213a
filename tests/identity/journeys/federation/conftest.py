"""Residents who travel to the simulated providers over real HTTP, and come back to the whole application."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from applications import Applications
from flask import Flask
from identity.app import create_app
from identity.audit.models import AuditEvent
from identity.clock import FixedClock
from identity.config import Settings
from identity.continuation import Continuation
from identity.relying_parties.clients import RegisteredCity, RegisteredClient
from identity.relying_parties.store import Cities, Clients
from identity.residents.accounts.models import Resident
from identity.residents.sessions.models import Session
from identity.storage import Storage
from identity_provider import close
from lxml import html

# Imported here and no plugin of all tests, since `clock` means another elsewhere.
from simulated_providers import (  # noqa: F401 - fixtures
    behaviours,
    clock,
    limits,
    providers,
    running_providers,
    simulated,
)
from sqlalchemy import select

NAMES = {"google": "Google", "apple": "Apple", "microsoft": "Microsoft", "facebook": "Facebook"}
ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8070"}


@dataclass(frozen=True)
class Answer:
    """What a provider sends back by the browser."""

    path: str
    params: dict[str, str]
    is_posted: bool

    def with_(self, **params: str | None) -> "Answer":
        """Return the same answer with other parameters; None leaves one out."""
        changed = {name: value for name, value in (self.params | params).items() if value is not None}
        return Answer(self.path, changed, self.is_posted)

    def at(self, provider: str) -> "Answer":
        """Return the same answer at another provider's callback."""
        return Answer(f"/sign-in/{provider}/callback", self.params, self.is_posted)


class Traveller:
    """A person with a browser."""

    def __init__(self, browser, app: Flask) -> None:
        self.browser, self._app = browser, app

    def leave(self, provider: str, url: str = "/sign-in") -> str:
        """Press a provider's button; return where it leads."""
        self.browser.open(url)
        return self.press(provider)

    def press(self, provider: str) -> str:
        """Press a provider's button of the page that is open; return where it leads."""
        name = NAMES.get(provider, "Login.gov")
        spanish = self.browser.page.lang == "es"
        page = self.browser.press(f"{'Iniciar sesión con' if spanish else 'Sign in with'} {name}")
        return page.link(f"{'Continuar a' if spanish else 'Continue to'} {name}")

    def pick(self, url: str, person: str | None) -> Answer:
        """Pick a person at the provider, or Cancel; return its answer."""
        form = {"person": person} if person else {"cancel": "1"}
        response = requests.post(url, data=form, allow_redirects=False, timeout=10)
        if response.is_redirect:
            parts = urlsplit(response.headers["Location"])
            return Answer(parts.path, dict(parse_qsl(parts.query)), is_posted=False)
        (form,) = html.document_fromstring(response.text).forms
        return Answer(urlsplit(form.action).path, dict(form.form_values()), is_posted=True)

    def come_back(self, answer: Answer):
        """Bring the answer back. Browsers send a POST of another site without our cookies."""
        if not answer.is_posted:
            query = urlencode(answer.params)
            return self.browser.open(f"{answer.path}?{query}")
        response = self._app.test_client().post(answer.path, data=answer.params, headers=ELSEWHERE)
        assert response.status_code == 303
        return self.browser.open(response.location)

    def sign_in(self, provider: str, person: str | None, url: str = "/sign-in"):
        """Go there and back."""
        return self.come_back(self.pick(self.leave(provider, url), person))


@pytest.fixture(scope="session")
def offered() -> dict[str, object]:
    """Return what the applications hold as their providers: always those of the running test."""
    return {}


@pytest.fixture
def app(
    settings: Settings,
    clock: FixedClock,  # noqa: F811 - the fixture of that name
    storage: Storage,
    providers: Mapping[str, object],  # noqa: F811 - as above
    offered: dict[str, object],
    applications: Applications,
    city: RegisteredCity,
    client: RegisteredClient,
) -> Flask:
    """Return the application with all five providers, each simulated."""
    with storage.transaction() as tx:
        Cities(tx).put_city(city)
        Clients(tx).put_client(client, clock.now())
    offered.update(providers)
    return applications.lend(
        f"federation {settings.database_url.get_secret_value()} {settings!r}",
        lambda: create_app(settings, clock=clock, hashing="cheap", providers=offered),
        close,
    )


@pytest.fixture
def make_traveller(app: Flask, make_browser) -> Callable[..., Traveller]:
    """Return a function that starts a person with a browser of their own."""
    return lambda address="203.0.113.7": Traveller(make_browser(address), app)


@pytest.fixture
def traveller(make_traveller) -> Traveller:
    return make_traveller()


@pytest.fixture
def residents(storage: Storage) -> Callable[[], list[Resident]]:
    """Return a function that lists all residents."""

    def everyone() -> list[Resident]:
        with storage.transaction() as tx:
            return list(tx.scalars(select(Resident).order_by(Resident.created_at)))

    return everyone


@pytest.fixture
def live_sessions(storage: Storage) -> Callable[[], list[Session]]:
    """Return a function that lists the sessions that have not ended."""

    def live() -> list[Session]:
        with storage.transaction() as tx:
            return list(tx.scalars(select(Session).where(Session.ended_at.is_(None))))

    return live


@pytest.fixture
def events(storage: Storage) -> Callable[[], list[AuditEvent]]:
    """Return a function that lists what was recorded."""

    def recorded() -> list[AuditEvent]:
        with storage.transaction() as tx:
            return list(tx.scalars(select(AuditEvent).order_by(AuditEvent.at)))

    return recorded


@pytest.fixture
def home() -> Continuation:
    """Return where a resident goes who came by themselves."""
    return Continuation()
