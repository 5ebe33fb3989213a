"""npm `oidc-provider`: a certified, complete and fast library."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.browser import Browser
from benchmarks.operations import REDIRECT_URI, Client, Provider, Visitor, authorization_request
from benchmarks.peers import install
from benchmarks.processes import running
from benchmarks.servers.server import Server, ServerContext, answers, free_port, metadata_of


def name_with(algorithm: str) -> str:
    """Return its name in tables when its ID tokens are signed with `algorithm`."""
    return f"oidc-provider {algorithm}"


@contextmanager
def start(context: ServerContext, connections: int, algorithm: str) -> Iterator[Server]:
    """Run it with ID tokens signed with `algorithm`."""
    issuer = f"http://localhost:{free_port()}"
    client = Client("benchmark", secrets.token_urlsafe(32))
    name = name_with(algorithm)
    command = [str(install.node()), str(install.HERE / "oidc_provider.js")]
    settings = {
        "NODE_ENV": "production",
        "ISSUER": issuer,
        "DATABASE_URL": context.database.create(name),
        "ALGORITHM": algorithm,
        "CLIENT_ID": client.id,
        "CLIENT_SECRET": client.secret,
        "REDIRECT_URI": REDIRECT_URI,
    }
    log = context.directory / f"{name}.log"
    with running(command, settings, log, context.cores.server, partial(answers, issuer)) as processes:
        provider = Provider(issuer, metadata_of(issuer), client)
        yield Server(name, processes, provider, tuple(_signed_in(provider) for _ in range(connections)))


def _signed_in(provider: Provider) -> Visitor:
    """Request one code: our program signs in every visitor."""
    browser = Browser(provider.issuer)
    target, _ = authorization_request(provider)
    browser.open(provider.issuer + target)
    return Visitor(provider, browser.cookies(provider.issuer + target))
