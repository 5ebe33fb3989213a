"""Canaille: a complete OpenID provider built on Flask and Authlib, like identity."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from joserfc.jwk import ECKey, RSAKey

from benchmarks.browser import Browser
from benchmarks.operations import REDIRECT_URI, SCOPE, Client, Provider, Visitor, authorization_request
from benchmarks.peers import install
from benchmarks.processes import run, running
from benchmarks.servers.server import Server, ServerContext, answers, free_port, metadata_of

NAME = "Canaille"
# One process, as every server here. Its threads share one core; more of them would be no faster.
GRANIAN_OPTIONS = (
    *("--interface", "wsgi", "--workers", "1", "--blocking-threads", "8"),
    *("--no-ws", "--log-level", "warning"),
)


@contextmanager
def start(context: ServerContext, connections: int) -> Iterator[Server]:
    """Run it as its documentation says, on granian, on which the web server of identity is built."""
    port = free_port()
    issuer = f"http://localhost:{port}"
    client = Client("benchmark", secrets.token_urlsafe(32))
    url = context.database.create(NAME).replace("postgresql://", "postgresql+psycopg2://", 1)
    settings = _settings(url, f"localhost:{port}")
    password = secrets.token_urlsafe(16)
    _register(client, password, settings)
    command = [
        *(str(install.BINARIES / "granian"), "--factory", "canaille:create_app"),
        *("--host", "127.0.0.1", "--port", str(port), *GRANIAN_OPTIONS),
    ]
    log = context.directory / f"{NAME}.log"
    with running(command, settings, log, context.cores.server, partial(answers, issuer)) as processes:
        provider = Provider(issuer, metadata_of(issuer), client)
        visitors = tuple(_signed_in(provider, password) for _ in range(connections))
        yield Server(NAME, processes, provider, visitors)


def _settings(database_url: str, server_name: str) -> dict[str, str]:
    keys: list[ECKey | RSAKey] = [
        ECKey.generate_key("P-256", auto_kid=True),
        RSAKey.generate_key(2048, auto_kid=True),
    ]
    return {
        "SECRET_KEY": secrets.token_urlsafe(32),
        "SERVER_NAME": server_name,
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE_SQL__DATABASE_URI": database_url,
        "CANAILLE_OIDC__ACTIVE_JWKS": json.dumps([key.as_dict(private=True) for key in keys]),
    }


def _register(client: Client, password: str, settings: dict[str, str]) -> None:
    program = str(install.BINARIES / "canaille")
    run([program, "install"], settings)
    user = {
        "--user-name": "resident",
        "--given-name": "Maria",
        "--family-name": "Lopez",
        "--emails": "resident@example.org",
        "--password": password,
    }
    run([program, "create", "user", *(part for option in user.items() for part in option)], settings)
    registration = [
        ("--client-id", client.id),
        ("--client-secret", client.secret),
        ("--client-name", "Benchmark"),
        # A trusted domain needs no consent, like a city's own sites in identity.
        ("--client-uri", "http://127.0.0.1"),
        ("--redirect-uris", REDIRECT_URI),
        ("--token-endpoint-auth-method", "client_secret_basic"),
        ("--id-token-signed-response-alg", "ES256"),
        ("--response-types", "code"),
        *(("--grant-types", name) for name in ("authorization_code", "refresh_token", "client_credentials")),
        *(("--scope", scope) for scope in SCOPE.split()),
    ]
    run([program, "create", "client", *(part for option in registration for part in option)], settings)
    # Introspection answers only for tokens whose audience is the client.
    run([program, "set", "client", client.id, "--audience", client.id], settings)


def _signed_in(provider: Provider, password: str) -> Visitor:
    """Sign in through its two forms: the name, then the password."""
    browser = Browser(provider.issuer)
    target, _ = authorization_request(provider)
    browser.open(f"{provider.issuer}/login")
    browser.submit(login="resident")
    browser.submit(password=password)
    return Visitor(provider, browser.cookies(provider.issuer + target))
