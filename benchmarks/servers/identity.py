"""identity, set up and started by its own commands."""

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from identity.clock import SystemClock
from identity.composition.command_line import create_command_line_app
from identity.residents.accounts.addresses import parse
from identity.residents.accounts.models import SignInMethod
from identity.residents.accounts.store import Accounts
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.store import Passwords
from identity.storage import Storage

from benchmarks.browser import Browser
from benchmarks.operations import REDIRECT_URI, SCOPE, Client, Provider, Visitor, authorization_request
from benchmarks.processes import run, running
from benchmarks.servers.server import Server, ServerContext, answers, free_port, metadata_of

NAME = "identity"
PASSWORD = "a password of the benchmark only"  # noqa: S105 - of residents who live for minutes
COMMAND = str(Path(sys.executable).parent / "identity")
CITY = {
    "id": "benchmark",
    "name": "City of Benchmark",
    "website": "http://127.0.0.1:9/",
    "support_phone": "555-0100",
    "support_name": "Help desk",
    "time_zone": "America/New_York",
    "primary_color": "#1a4480",
    "accent_color": "#1a4480",
    "logo_svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>',
}
# The resource of the client's own tokens: in identity, every access token is for one resource.
RESOURCE, RESOURCE_SCOPE = "urn:benchmark:resource", "benchmark.read"


@contextmanager
def start(context: ServerContext, connections: int) -> Iterator[Server]:
    """Run one process of identity."""
    port = free_port()
    issuer = f"http://localhost:{port}"
    client = Client("benchmark", secrets.token_urlsafe(32))
    url = context.database.create(NAME).replace("postgresql://", "postgresql+psycopg://", 1)
    settings = {
        "IDENTITY_ISSUER": issuer,
        "IDENTITY_DATABASE_URL": url,
        "IDENTITY_SECRET_KEYS": secrets.token_urlsafe(32),
        "IDENTITY_BIND": f"127.0.0.1:{port}",
        # All sign-ins of the benchmark come from one address.
        "IDENTITY_SIGN_INS_PER_MINUTE": "1000000",
    }
    _register(client, settings)
    emails = add_residents(url, connections)
    log = context.directory / f"{NAME}.log"
    with running(
        [COMMAND, "serve"], settings, log, context.cores.server, partial(answers, issuer)
    ) as processes:
        metadata = metadata_of(issuer) | {"sign_in_page": f"{issuer}/sign-in"}
        provider = Provider(issuer, metadata, client)
        yield Server(NAME, processes, provider, tuple(_signed_in(provider, email) for email in emails))


def _register(client: Client, settings: dict[str, str]) -> None:
    registration = {
        "id": client.id,
        "city_id": CITY["id"],
        "name": "Benchmark",
        "redirect_uris": [REDIRECT_URI],
        "initiate_login_uri": "http://127.0.0.1:9/sign-in",
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scopes": [*SCOPE.split(), RESOURCE_SCOPE],
        "resources": [RESOURCE],
        "id_token_signed_response_alg": "ES256",
    }
    run([COMMAND, "migrate"], settings)
    run([COMMAND, "cities", "put", "-"], settings, json.dumps(CITY))
    run([COMMAND, "resources", "put", RESOURCE, "--name", "Benchmark", "--scopes", RESOURCE_SCOPE], settings)
    secret = {"CLIENT_SECRET": client.secret}
    command = [COMMAND, "clients", "put", "-", "--secret-from-env", "CLIENT_SECRET"]
    run(command, settings | secret, json.dumps(registration))


def add_residents(database_url: str, count: int) -> list[str]:
    """Add residents through the stores of identity, without a mail server; return their addresses.

    One for each connection: concurrent attempts at one address wait for each other.
    """
    storage: Storage = create_command_line_app(database_url).extensions["identity"]
    now = SystemClock().now()
    emails = [f"resident{number}@example.org" for number in range(count)]
    password_hash = PasswordHasher("argon2id").hash(PASSWORD)
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


def _signed_in(provider: Provider, email: str) -> Visitor:
    """Sign in on the page, in an authorization request."""
    browser = Browser(provider.issuer)
    target, _ = authorization_request(provider)
    browser.open(provider.issuer + target)
    browser.submit(email=email, password=PASSWORD)
    return Visitor(provider, browser.cookies(provider.issuer + target), _sign_in_form(provider, email))


def _sign_in_form(provider: Provider, email: str) -> bytes:
    """Return the request with which another browser submits the filled-in form."""
    address = f"{provider.issuer}/sign-in"
    browser = Browser(provider.issuer)
    browser.open(address)
    form = browser.form() | {"email": email, "password": PASSWORD}
    return provider.requests.post("/sign-in", form, f"Cookie: {browser.cookies(address)}\r\n")
