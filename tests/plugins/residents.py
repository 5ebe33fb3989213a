"""Residents and a client of a running identity, and what they send."""

import base64
import re
from collections.abc import Sequence

from attacks import Request, exchange
from identity.clock import SystemClock
from identity.composition.command_line import create_command_line_app
from identity.relying_parties.clients import RegisteredCity, RegisteredClient, RegisteredResource
from identity.relying_parties.store import Cities, Clients, Resources
from identity.residents.accounts.addresses import parse
from identity.residents.accounts.models import SignInMethod
from identity.residents.accounts.store import Accounts
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.store import Passwords
from identity.secret_keys import digest
from identity.storage import Storage

PASSWORD = "seven herons over the pond"
CLIENT_SECRET = "a secret of a client of tests"


def add_residents(database_url: str, count: int) -> list[str]:
    """Add residents with `PASSWORD` by identity's own stores; return their addresses."""
    storage: Storage = create_command_line_app(database_url).extensions["identity"]
    emails = [f"resident{number}@example.org" for number in range(count)]
    password_hash, now = PasswordHasher("argon2id").hash(PASSWORD), SystemClock().now()
    with storage, storage.transaction() as tx:
        for email in emails:
            resident = Accounts(tx).create(
                address=parse(email),
                address_verified=True,
                sign_in_method=SignInMethod.PASSWORD,
                given_name="Maria",
                family_name="Lopez",
                language="en",
                city_id=None,
                now=now,
            )
            Passwords(tx).set_password(resident.id, password_hash, now)
    return emails


def add_client(database_url: str) -> Request:
    """Add a city and a client of it; return the request with which the client gets a token of its own."""
    storage: Storage = create_command_line_app(database_url).extensions["identity"]
    now = SystemClock().now()
    city = RegisteredCity(
        id="city",
        name="City",
        website="http://127.0.0.1:9/",
        support_phone="555-0100",
        support_name="Help desk",
        primary_color="#1a4480",
        accent_color="#1a4480",
        logo_svg='<svg xmlns="http://www.w3.org/2000/svg"/>',
        languages=("en",),
        time_zone="UTC",
        notice="",
    )
    client = RegisteredClient(
        id="client",
        city_id=city.id,
        name="Client",
        token_endpoint_auth_method="client_secret_basic",
        grant_types=frozenset({"client_credentials"}),
        redirect_uris=frozenset(),
        post_logout_redirect_uris=frozenset(),
        initiate_login_uri="http://127.0.0.1:9/",
        scopes=frozenset({"read"}),
        resources=frozenset({"urn:resource"}),
        pkce_required=True,
        first_party=True,
        secrets=(),
        id_token_signed_response_alg="ES256",
    )
    with storage, storage.transaction() as tx:
        Cities(tx).put_city(city)
        Resources(tx).put_resource(
            RegisteredResource("urn:resource", "Resource", digest("unused"), frozenset({"read"})), now
        )
        Clients(tx).put_client(client, now)
        Clients(tx).add_secret(client.id, digest(CLIENT_SECRET), now)
    basic = base64.b64encode(f"{client.id}:{CLIENT_SECRET}".encode()).decode()
    return Request("/token", {"grant_type": "client_credentials"}, {"Authorization": f"Basic {basic}"})


class Browser:
    """A browser that has opened a page: it sends the page's form with its cookies, from its own network."""

    def __init__(self, port: int, path: str, *, address: str = "") -> None:
        """`address` is what a trusted proxy says of it; empty without a proxy."""
        self._port, self._path, self._cookies = port, path, dict[str, str]()
        self._headers = {"X-Forwarded-For": address} if address else {}
        self.open()

    def open(self) -> None:
        """Open its page again."""
        answer, headers, page = exchange(self._port, Request(self._path, headers=self._with_cookies()))
        assert answer.status == 200, page
        self._keep(headers)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token, page
        self._token = token[1]

    def form(self, **typed: str) -> Request:
        """Return the request with which it sends the page's form."""
        cookies = "; ".join(f"{name}={text}" for name, text in self._cookies.items())
        return Request(self._path, {"csrf_token": self._token, **typed}, {"Cookie": cookies, **self._headers})

    def send(self, **typed: str) -> tuple[int, float]:
        """Send the form; return status and seconds. The browser keeps what cookies it gets."""
        answer, headers, _ = exchange(self._port, self.form(**typed))
        self._keep(headers)
        return answer.status, answer.seconds

    def _with_cookies(self) -> dict[str, str]:
        return {
            "Cookie": "; ".join(f"{name}={text}" for name, text in self._cookies.items()),
            **self._headers,
        }

    def _keep(self, headers: dict[str, str]) -> None:
        for cookie in headers.get("set-cookie", "").split("\n"):
            name, _, text = cookie.partition(";")[0].partition("=")
            if name:
                self._cookies[name] = text


def sign_ins(browser: Browser, emails: Sequence[str], password: str) -> list[Request]:
    """Return a sign-in for each address."""
    return [browser.form(email=email, password=password) for email in emails]
