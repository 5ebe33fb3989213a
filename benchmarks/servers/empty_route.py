"""The lower bound of a request: an empty Flask route on the web server of identity."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks import web_server
from benchmarks.operations import EMPTY_ROUTE, Client, Provider, Visitor
from benchmarks.processes import running
from benchmarks.servers.server import Server, ServerContext, accepts, free_port

NAME = EMPTY_ROUTE.name


@contextmanager
def start(context: ServerContext, connections: int) -> Iterator[Server]:
    """Run the application."""
    port = free_port()
    command = web_server.command("benchmarks.empty_route:app", port)
    log = context.directory / f"{NAME}.log"
    with running(command, {}, log, context.cores.server, partial(accepts, port)) as processes:
        address = f"http://localhost:{port}"
        # Not a provider: it has one page and no metadata.
        provider = Provider(address, {"empty_route": f"{address}/"}, Client("", ""))
        yield Server(NAME, processes, provider, tuple(Visitor(provider, "") for _ in range(connections)))
