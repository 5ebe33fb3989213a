"""Ory Hydra: a certified provider in Go, without pages; applications beside it sign in and ask for consent.

Here the load generator takes the part of both, so that only Hydra's own work is measured.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from benchmarks.http_load import Address, Elsewhere, drive
from benchmarks.operations import REDIRECT_URI, SCOPE, Client, Provider, Step, Visitor, code
from benchmarks.peers import install
from benchmarks.processes import BenchmarkError, run, running
from benchmarks.servers.server import (
    SECONDS_TO_ANSWER,
    Server,
    ServerContext,
    accepts,
    free_port,
    metadata_of,
)

NAME = "Ory Hydra"
PROGRAM = str(install.BINARIES / "hydra")
SESSION_COOKIE = "ory_hydra_session_dev"
# Hydra gives a refresh token for this scope only.
HYDRA_SCOPE = f"{SCOPE} offline_access"
# Where Hydra finds no key at its first use, it makes one of RSA with 4096 bits.
KEY_SETS = ("hydra.openid.id-token", "hydra.jwt.access-token")
LOGIN: dict[str, object] = {"subject": "resident", "remember": True, "remember_for": 3600}
CONSENT: dict[str, object] = {
    "grant_scope": HYDRA_SCOPE.split(),
    "session": {"id_token": {"email": "resident@example.org", "given_name": "Maria", "family_name": "Lopez"}},
}


@contextmanager
def start(context: ServerContext, connections: int) -> Iterator[Server]:
    """Run it as its documentation says, over plain HTTP, with ES256 and its cheapest hash of secrets."""
    port, admin_port = free_port(), free_port()
    issuer, admin = f"http://localhost:{port}", f"http://localhost:{admin_port}"
    client = Client("benchmark", secrets.token_urlsafe(32))
    settings = _settings(context.database.create(NAME), issuer, port, admin_port)
    run([PROGRAM, "migrate", "sql", "--yes", "--read-from-env"], settings)
    log = context.directory / f"{NAME}.log"
    command = [PROGRAM, "serve", "all", "--dev"]
    # Not its discovery document, which needs a key.
    ready = partial(accepts, admin_port)
    with running(command, settings, log, context.cores.server, ready) as processes:
        _register(admin, client)
        metadata = metadata_of(issuer) | {"introspection_endpoint": f"{admin}/admin/oauth2/introspect"}
        provider = Provider(
            issuer,
            metadata,
            client,
            scope=HYDRA_SCOPE,
            authorize=partial(_authorize, ("127.0.0.1", admin_port)),
        )
        visitors = tuple(Visitor(provider, "") for _ in range(connections))
        server = Server(NAME, processes, provider, visitors)
        # The first sign-in of each gives it its session.
        drive(server.address, [partial(code, visitor) for visitor in visitors])
        yield server


def _settings(database_url: str, issuer: str, port: int, admin_port: int) -> dict[str, str]:
    return {
        # By default it has two connections for each core, and waits for itself when more requests come.
        "DSN": f"{database_url.replace('postgresql://', 'postgres://', 1)}&max_conns=32&max_idle_conns=32",
        "URLS_SELF_ISSUER": issuer,
        "URLS_LOGIN": f"{issuer}/login",
        "URLS_CONSENT": f"{issuer}/consent",
        "SECRETS_SYSTEM": secrets.token_urlsafe(32),
        "SERVE_PUBLIC_HOST": "127.0.0.1",
        "SERVE_PUBLIC_PORT": str(port),
        "SERVE_ADMIN_HOST": "127.0.0.1",
        "SERVE_ADMIN_PORT": str(admin_port),
        "OAUTH2_HASHERS_ALGORITHM": "pbkdf2",
        "OAUTH2_HASHERS_PBKDF2_ITERATIONS": "1",
        "LOG_LEVEL": "error",
        "SQA_OPT_OUT": "true",
    }


def _register(admin: str, client: Client) -> None:
    """Make the keys, and register the client."""
    with requests.Session() as session:
        session.trust_env = False
        ask = partial(_ask, session)
        for key_set in KEY_SETS:
            ask(f"{admin}/admin/keys/{key_set}", {"alg": "ES256", "use": "sig", "kid": key_set})
        registration = {
            "client_id": client.id,
            "client_secret": client.secret,
            "client_name": "Benchmark",
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "response_types": ["code"],
            "scope": HYDRA_SCOPE,
            "token_endpoint_auth_method": "client_secret_basic",
            "skip_consent": True,
        }
        ask(f"{admin}/admin/clients", registration)


def _ask(session: requests.Session, url: str, document: dict[str, object]) -> None:
    response = session.post(url, json=document, timeout=10 * SECONDS_TO_ANSWER)
    if not response.ok:
        raise BenchmarkError(f"{url}: {response.status_code}\n{response.text[:1000]}")


def _authorize(admin: Address, visitor: Visitor, target: str) -> Step:
    """Accept the challenges with which Hydra redirects to applications; return the redirect with a code."""
    # The cookies of this authorization, beside that of the session.
    flow: dict[str, str] = {}
    response = yield visitor.requests.get(target, _cookies(visitor, flow))
    for kind, accepted in (("login", LOGIN), ("consent", CONSENT)):
        flow |= response.cookies()
        challenge = f"{kind}_challenge"
        (value,) = parse_qs(urlsplit(response.header(b"location").decode()).query).get(challenge, [""])
        if not value:
            raise BenchmarkError(f"Expected a {challenge}, received {response.head!r}")
        path = f"/admin/oauth2/auth/requests/{kind}/accept?{urlencode({challenge: value})}"
        answer = yield Elsewhere(admin, visitor.requests.put_json(path, accepted))
        onward = urlsplit(str(answer.expect(200).json()["redirect_to"]))
        response = yield visitor.requests.get(f"{onward.path}?{onward.query}", _cookies(visitor, flow))
    if session := (flow | response.cookies()).get(SESSION_COOKIE):
        visitor.cookies = f"{SESSION_COOKIE}={session}"
    return response


def _cookies(visitor: Visitor, flow: dict[str, str]) -> str:
    pairs = [visitor.cookies, *(f"{name}={value}" for name, value in flow.items() if name != SESSION_COOKIE)]
    sent = "; ".join(pair for pair in pairs if pair)
    return f"Cookie: {sent}\r\n" if sent else ""
