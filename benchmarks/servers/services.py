"""identity, billing_link and the portal with the sample city, set up by their own commands."""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.postgresql import Postgresql, postgresql
from benchmarks.processes import BenchmarkError, Cores, ProcessTree, running
from benchmarks.servers.identity import add_residents
from benchmarks.servers.server import free_port
from deploy.local import health, preparation, secret_file
from deploy.local.commands import environment
from deploy.local.errors import LocalError
from deploy.local.settings import Settings, read

NAMES = ("identity", "billing_link", "portal")
COMMANDS = Path(sys.executable).parent


@dataclass(frozen=True)
class Services:
    """The running services. The portal's database has a PostgreSQL server of its own."""

    identity: ProcessTree
    billing_link: ProcessTree
    portal: ProcessTree
    database: ProcessTree
    portal_database: ProcessTree
    portal_address: str
    portal_database_url: str
    # Of residents who can sign in, without a linked account.
    emails: list[str]


@contextmanager
def start(directory: Path, cores: Cores, residents: int) -> Iterator[Services]:
    """Run the services on one core, their databases on the other; raises `BenchmarkError`."""
    with ExitStack() as held:
        own, portals = (
            held.enter_context(_postgresql(directory / name, cores.load)) for name in ("services", "portal")
        )
        urls = {name: (portals if name == "portal" else own).create(name) for name in NAMES}
        settings = _settings(directory, urls)
        _prepare(settings)
        emails = add_residents(settings.values["IDENTITY_DATABASE_URL"], residents)
        ready = health.checks(settings)
        trees = {
            name: held.enter_context(
                running(
                    [str(COMMANDS / name), "serve"],
                    environment(settings.of(name.upper())),
                    directory / f"{name}.log",
                    cores.server,
                    ready[name],
                )
            )
            for name in NAMES
        }
        yield Services(
            **trees,
            database=own.processes,
            portal_database=portals.processes,
            portal_address=settings.values["PORTAL_BASE_URL"],
            portal_database_url=urls["portal"],
            emails=emails,
        )


@contextmanager
def _postgresql(directory: Path, core: int) -> Iterator[Postgresql]:
    # PostgreSQL keeps its socket there.
    directory.mkdir(mode=0o700)
    with postgresql(directory, core) as server:
        yield server


def _settings(directory: Path, urls: Mapping[str, str]) -> Settings:
    given = {
        "LOCAL_DIRECTORY": str(directory),
        "IDENTITY_BIND": f"127.0.0.1:{free_port()}",
        "BILLING_LINK_BIND": f"127.0.0.1:{free_port()}",
        "PORTAL_BIND": f"127.0.0.1:{free_port()}",
        # All sign-ins of the benchmark come from one address.
        "IDENTITY_SIGN_INS_PER_MINUTE": "1000000",
    }
    databases = {
        f"{name.upper()}_DATABASE_URL": url.replace("postgresql://", "postgresql+psycopg://", 1)
        for name, url in urls.items()
    }
    return secret_file.add_secrets(read(given | databases))


def _prepare(settings: Settings) -> None:
    try:
        asyncio.run(preparation.prepare(settings))
    except LocalError as error:
        raise BenchmarkError(str(error)) from None
