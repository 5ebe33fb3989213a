"""The lower bound of a page: its bytes and headers, as identity sent them, from identity's web server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import requests

from benchmarks import static_page, web_server
from benchmarks.operations import STATIC_PAGE, Client, Provider, Visitor
from benchmarks.processes import running
from benchmarks.servers.server import SECONDS_TO_ANSWER, Server, ServerContext, accepts, free_port

NAME = STATIC_PAGE
# The web server adds these itself.
_OF_THE_SERVER = ("connection", "date", "server", "transfer-encoding")


@contextmanager
def start(context: ServerContext, connections: int, page: str) -> Iterator[Server]:
    """Serve the page that is at this address now."""
    port = free_port()
    file = context.directory / NAME
    with requests.Session() as session:
        session.trust_env = False
        given = session.get(page, headers={"Accept-Language": "en"}, timeout=SECONDS_TO_ANSWER)
    given.raise_for_status()
    headers = [
        [name, value] for name, value in given.raw.headers.items() if name.lower() not in _OF_THE_SERVER
    ]
    file.write_bytes(json.dumps(headers).encode() + b"\n" + given.content)
    command = web_server.command("benchmarks.static_page:app", port)
    settings = {static_page.VARIABLE: str(file)}
    log = context.directory / f"{NAME}.log"
    with running(command, settings, log, context.cores.server, partial(accepts, port)) as processes:
        address = f"http://localhost:{port}"
        provider = Provider(address, {"sign_in_page": f"{address}/"}, Client("", ""))
        yield Server(NAME, processes, provider, tuple(Visitor(provider, "") for _ in range(connections)))
