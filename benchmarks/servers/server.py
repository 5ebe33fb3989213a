"""A running server, as the benchmark sees it."""

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from benchmarks.operations import DISCOVERY, Provider, Visitor
from benchmarks.postgresql import Postgresql
from benchmarks.processes import Cores, ProcessTree

SECONDS_TO_ANSWER = 2


@dataclass(frozen=True)
class ServerContext:
    """The directory, cores and database for a server."""

    directory: Path
    cores: Cores
    database: Postgresql


@dataclass(frozen=True)
class Server:
    """A running server, with a visitor for each connection."""

    name: str
    processes: ProcessTree
    provider: Provider
    visitors: tuple[Visitor, ...]

    @property
    def address(self) -> tuple[str, int]:
        """The host and port."""
        port = urlsplit(self.provider.issuer).port
        assert port is not None  # noqa: S101 - every server here is given one
        return "127.0.0.1", port


# Starts a server for a number of connections, and stops it at the end of the block.
Start = Callable[[ServerContext, int], AbstractContextManager[Server]]


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def metadata_of(issuer: str) -> dict[str, Any]:
    """Read the discovery document."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(issuer + DISCOVERY, timeout=SECONDS_TO_ANSWER)
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    return document


def answers(issuer: str) -> bool:
    """Tell whether the provider is ready."""
    try:
        metadata_of(issuer)
    except requests.RequestException:
        return False
    return True


def accepts(port: int) -> bool:
    """Tell whether the port accepts connections."""
    with socket.socket() as visitor:
        return visitor.connect_ex(("127.0.0.1", port)) == 0
