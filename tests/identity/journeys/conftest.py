"""A browser over the whole application: Flask's test client, with what a person would do with its pages."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

import pytest
from applications import Applications
from flask import Flask
from flask.testing import FlaskClient
from identity.app import create_app
from identity.clock import FixedClock
from identity.config import Settings
from identity.continuation import Continuation, Continuations
from identity.outbox.models import OutboxMessage
from identity.outbox.store import UNSENT
from identity.relying_parties.clients import RegisteredCity, RegisteredClient
from identity.relying_parties.store import Cities, Clients
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.store import Passwords
from identity.secret_keys import SecretKeys
from identity.storage import Storage
from identity_provider import close
from lxml import html
from lxml.html import HtmlElement
from pydantic import SecretStr
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

PASSWORD = "seven herons over the pond"

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
CLIENT = RegisteredClient(
    id="citizen-self-service",
    city_id="pinellas-park",
    name="Citizen Self Service",
    token_endpoint_auth_method="client_secret_basic",
    grant_types=frozenset({"authorization_code"}),
    redirect_uris=frozenset({"http://127.0.0.1:8080/sign-in/callback"}),
    post_logout_redirect_uris=frozenset({"http://127.0.0.1:8080/"}),
    initiate_login_uri="http://127.0.0.1:8080/sign-in",
    scopes=frozenset({"openid"}),
    resources=frozenset(),
    pkce_required=True,
    first_party=True,
    secrets=(),
    id_token_signed_response_alg="ES256",
)


@dataclass
class Page:
    """A response, read as a person reads it."""

    response: TestResponse
    url: str
    hops: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def source(self) -> str:
        return self.response.text

    @cached_property
    def root(self) -> HtmlElement:
        return html.document_fromstring(self.source or "<html></html>")

    @property
    def main(self) -> str:
        """Return the words of the page's main part."""
        found = self.root.find(".//main")
        return words(self.root if found is None else found)

    @property
    def text(self) -> str:
        return words(self.root)

    @property
    def title(self) -> str:
        found = self.root.find(".//h1")
        return "" if found is None else words(found)

    @property
    def lang(self) -> str:
        return self.root.get("lang", "")

    def form(self, button: str) -> tuple[str, dict[str, str]]:
        """Return action and fields of the form with this button, or with one that begins like it."""
        labels = {form: words(submit[0]) for form in self.root.forms if (submit := form.xpath(SUBMIT))}
        found = [form for form, label in labels.items() if label == button]
        found += [form for form, label in labels.items() if label.startswith(button)]
        assert found, f"no form with the button {button!r} in:\n{self.main}"
        fields = {each.get("name"): each.get("value", "") for each in found[0].xpath(SENT)}
        return found[0].get("action") or self.url, fields

    def link(self, name: str) -> str:
        """Return where the link with this name leads."""
        found = [link.get("href") for link in self.root.iter("a") if words(link) == name]
        assert found, f"no link {name!r}"
        return found[0]

    def element(self, element_id: str) -> HtmlElement:
        """Return the element with this id."""
        return self.root.get_element_by_id(element_id)


SUBMIT = ".//button[@type='submit']"
SENT = ".//input[@name][not(@type='checkbox') or @checked]"


def words(element: HtmlElement) -> str:
    """Return an element's words, with one space between them."""
    return " ".join(" ".join(element.xpath(".//text()")).split())


class Browser:
    """Opens pages, fills in forms, follows redirects within the service, keeps cookies."""

    def __init__(self, client: FlaskClient, address: str = "203.0.113.7") -> None:
        self.client = client
        self.address = address
        self.page: Page

    def open(self, url: str, **headers: str) -> Page:
        """Open a page, and send the token of a mailed link as the page's script does."""
        url, _, token = url.partition("#")
        page = self._follow(self.client.get(url, headers=headers, environ_base=self._environment()), url)
        if token and page.root.xpath("//form[@data-open-link]"):
            action, fields = page.form("Continue")
            return self.post(action, fields | {"link": token}, **headers)
        return page

    def press(self, button: str, fields: dict[str, str] | None = None, **more: str) -> Page:
        """Press a button of the page that is open, with these fields filled in."""
        action, present = self.page.form(button)
        return self.post(action, {**present, **(fields or {}), **more})

    def post(self, url: str, data: dict[str, str], **headers: str) -> Page:
        response = self.client.post(url, data=data, headers=headers, environ_base=self._environment())
        return self._follow(response, url)

    def follow(self, name: str) -> Page:
        return self.open(self.page.link(name))

    def cookie(self, name: str) -> str | None:
        found = self.client.get_cookie(name)
        return found.value if found else None

    def sign_in(self, email: str, password: str = PASSWORD, url: str = "/sign-in", **fields: str) -> Page:
        self.open(url)
        return self.press("Sign in", email=email, password=password, **fields)

    def _environment(self) -> dict[str, str]:
        return {"REMOTE_ADDR": self.address, "HTTP_USER_AGENT": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"}

    def _follow(self, response: TestResponse, url: str) -> Page:
        hops: list[str] = []
        while response.status_code in (302, 303) and response.location.startswith("/"):
            url = response.location
            hops.append(url)
            response = self.client.get(url, environ_base=self._environment())
        if response.status_code in (302, 303):
            hops.append(response.location)
        self.page = Page(response, url, hops)
        return self.page


@dataclass(frozen=True)
class ReadMail:
    """A mail in the outbox."""

    to: str
    template: str
    language: str
    city_id: str | None
    facts: dict[str, str]
    code_subject: str = ""

    @property
    def link(self) -> str:
        """Return its link without the host."""
        parts = urlsplit(self.facts["link"])
        return f"{parts.path}?{parts.query}#{parts.fragment}"

    @property
    def token(self) -> str:
        return urlsplit(self.facts["link"]).fragment


class Mailbox:
    """Reads what waits in the outbox."""

    def __init__(self, storage: Storage, secret_keys: SecretKeys) -> None:
        self._storage = storage
        self._secret_keys = secret_keys

    def all(self) -> list[ReadMail]:
        with self._storage.autocommit() as connection:
            order = (OutboxMessage.created_at, OutboxMessage.id)
            sent = select(OutboxMessage.payload).where(OutboxMessage.state != UNSENT)
            rows = connection.execute(sent.order_by(*order)).scalars().all()
        return [ReadMail(**json.loads(self._secret_keys.decrypt(payload))) for payload in rows]

    def of(self, address: str) -> list[ReadMail]:
        return [mail for mail in self.all() if mail.to == address]

    def newest(self, address: str, template: str) -> ReadMail:
        """Return the last mail of this kind; of several in one second, any of them."""
        found = [mail for mail in self.of(address) if mail.template == template]
        assert found, f"no {template} for {address}: {[(m.to, m.template) for m in self.all()]}"
        return found[-1]

    def clear(self) -> None:
        with self._storage.autocommit() as connection:
            connection.execute(OutboxMessage.__table__.delete())  # type: ignore[attr-defined]  # a Table at run time


@pytest.fixture
def settings(checked_settings: Settings, database_url: str) -> Settings:
    """Return settings with limits that only the tests of the limits reach."""
    limits = {"sign_ins_per_minute": 200, "sign_ups_per_hour": 200, "mails_per_hour": 200}
    return checked_settings.model_copy(update={"database_url": SecretStr(database_url), **limits})


@pytest.fixture
def city() -> RegisteredCity:
    """Return the city that residents come from."""
    return CITY


@pytest.fixture
def client() -> RegisteredClient:
    """Return that city's portal."""
    return CLIENT


@pytest.fixture
def app(settings: Settings, clock: FixedClock, storage: Storage, applications: Applications) -> Flask:
    with storage.transaction() as tx:
        Cities(tx).put_city(CITY)
        Clients(tx).put_client(CLIENT, clock.now())
    return applications.lend(
        f"journeys {settings.database_url.get_secret_value()} {settings!r}",
        lambda: create_app(settings, clock=clock, hashing="cheap", providers={}),
        close,
    )


@pytest.fixture
def make_browser(app: Flask) -> Callable[..., Browser]:
    """Return a function that starts a browser of its own, at an address of its own if wished."""
    return lambda address="203.0.113.7": Browser(app.test_client(), address)


@pytest.fixture
def browser(make_browser: Callable[..., Browser]) -> Browser:
    return make_browser()


@pytest.fixture
def mailbox(storage: Storage, secret_keys: SecretKeys) -> Mailbox:
    return Mailbox(storage, secret_keys)


@pytest.fixture
def continuation() -> Continuation:
    """Return where a resident goes who comes from the portal: a page that exists without the provider."""
    return Continuation(path="/help", client_id=CLIENT.id, city_id=CITY.id)


@pytest.fixture
def at(secret_keys: SecretKeys, continuation: Continuation) -> Callable[..., str]:
    """Return a function from a path to its address with the continuation."""
    continuations = Continuations(secret_keys)

    def address(path: str, other: Continuation | None = None) -> str:
        return f"{path}?continue={continuations.sign(other or continuation)}"

    return address


@pytest.fixture
def resident(
    add_resident: Callable[..., Resident], storage: Storage, hasher: PasswordHasher, now: datetime
) -> str:
    """Return the identifier of jane@example.com, who signs in with the password."""
    added = add_resident()
    with storage.transaction() as tx:
        Passwords(tx).set_password(added.id, hasher.hash(PASSWORD), now)
        return added.id


@pytest.fixture
def federated(add_resident: Callable[..., Resident]) -> str:
    """Return the identifier of gina@example.com, who signs in with Google."""
    return add_resident("gina@example.com", sign_in_method=SignInMethod.GOOGLE).id


@pytest.fixture
def sign_up(browser: Browser, at: Callable[..., str]) -> Callable[..., Page]:
    """Return a function that fills in "Create an account" in a browser."""

    def fill_in(email: str = "new@example.com", who: Browser | None = None, **changes: str) -> Page:
        person = who or browser
        person.open(at("/sign-up"))
        fields = {"email": email, "password": PASSWORD, "first_name": "Nia", "last_name": "Lopez"}
        return person.press("Sign up", fields | changes)

    return fill_in


@pytest.fixture
def count(storage: Storage) -> Callable[..., int]:
    """Return a function that counts the rows of a model."""

    def rows(model: type) -> int:
        with storage.autocommit() as connection:
            return connection.execute(select(func.count()).select_from(model)).scalar_one()

    return rows


@pytest.fixture
def disable(storage: Storage, now: datetime) -> Callable[[str], None]:
    """Return a function that disables a resident."""

    def disable_resident(resident_id: str) -> None:
        with storage.autocommit() as connection:
            connection.execute(update(Resident).where(Resident.id == resident_id).values(disabled_at=now))

    return disable_resident
