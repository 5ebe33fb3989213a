"""A database that is full, held or read-only is unavailable for a while, by every way; nothing is kept."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from identity.audit.models import AuditEvent
from identity.database_faults import DatabaseFault, DatabaseUnavailableError, neutral_errors
from identity.database_state import LockHolder
from identity.errors import UnavailableError
from identity.storage import Storage, db, table_of
from sqlalchemy import Connection, NullPool, create_engine, exc, make_url, text

EVENTS = table_of(AuditEvent)
SECONDS = 0.3
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
BIG = "x" * 10_000


@pytest.fixture
def url(fresh_database: Callable[[str], str]) -> str:
    return fresh_database("identity")


@pytest.fixture
def storage(url: str) -> Iterator[Storage]:
    storage = Storage(url, statement_seconds=SECONDS)
    app = Flask("identity")
    storage.init_app(app)
    with storage, app.app_context():
        yield storage


def write(storage: Storage) -> None:
    """Write by both ways: one row, and two of which the second one may fail."""
    row = (
        "INSERT INTO audit_events (id, at, event, details) VALUES (:id, '2026-01-01 00:00:00', :event, '{}')"
    )
    with storage.autocommit() as connection:
        connection.execute(text(row), {"id": "one", "event": "statement"})
    with storage.transaction() as tx:
        tx.execute(text(row), {"id": "two", "event": "transaction"})
        tx.execute(text(row), {"id": "three", "event": "transaction"})


def faults(storage: Storage) -> set[DatabaseFault]:
    """Return what is wrong, by each way to the database and by trying to write."""
    found = set()
    statement = text("UPDATE audit_events SET event = event")
    for way in (storage.autocommit, storage.transaction):
        with pytest.raises(DatabaseUnavailableError) as fault, way() as executor:
            executor.execute(statement)
        found.add(fault.value.fault)
    return found


def count(storage: Storage) -> int:
    with storage.autocommit() as connection:
        return len(connection.execute(EVENTS.select()).all())


def tried(storage: Storage) -> DatabaseFault | None:
    try:
        storage.try_writing()
    except DatabaseUnavailableError as error:
        return error.fault
    return None


def test_trying_to_write_leaves_nothing(storage: Storage) -> None:
    def size() -> object:
        with storage.autocommit() as connection:
            if connection.dialect.name == "sqlite":
                return connection.execute(text("PRAGMA page_count")).scalar_one()
            return connection.execute(text("SELECT count(*) FROM pg_class")).scalar_one()

    before = size()
    for _ in range(20):
        storage.try_writing()
    assert size() == before


class TestPostgresql:
    pytestmark = pytest.mark.database("postgresql")

    @contextmanager
    def held(self, url: str, statement: str) -> Iterator[Connection]:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as holder:
            holder.execute(text(statement))
            yield holder

    def test_a_held_table_is_unavailable_and_the_database_is_not(self, storage: Storage, url: str) -> None:
        with self.held(url, "LOCK TABLE audit_events"):
            assert faults(storage) == {DatabaseFault.LOCKED}
            assert tried(storage) is None
        write(storage)
        assert count(storage) == 3

    def test_a_doctor_sees_who_holds_it(self, storage: Storage, url: str) -> None:
        with (
            self.held(url, "LOCK TABLE audit_events") as holder,
            closing(psycopg.connect(url.replace("+psycopg", ""), autocommit=True)) as waiting,
        ):
            pid = holder.execute(text("SELECT pg_backend_pid()")).scalar_one()
            waiting.pgconn.send_query(b"DELETE FROM audit_events")
            while not (found := storage.lock_holders()):
                pass
            waiting.cancel()
        assert found == [LockHolder(pid, found[0].user, 0, "SELECT", 1)]
        assert storage.lock_holders() == []

    def test_a_server_that_refuses_to_write(
        self, storage: Storage, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = make_url(url).database
        engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as operator:
            operator.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
            try:
                assert faults(storage) == {DatabaseFault.READ_ONLY}
                state = storage.server_state()
                assert state is not None
                assert state.is_read_only
            finally:
                operator.execute(text("SET default_transaction_read_only = off"))
                operator.execute(text(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'))
        monkeypatch.setattr("identity.database_connections._STAY", 0)
        with pytest.raises(DatabaseUnavailableError), storage.autocommit() as connection:
            connection.execute(EVENTS.delete())
        write(storage)
        assert count(storage) == 3


class TestSqlite:
    pytestmark = pytest.mark.database("sqlite")

    def test_a_file_without_room_keeps_nothing_of_a_transaction(self, storage: Storage) -> None:
        def write_much() -> None:
            with storage.transaction() as tx:
                tx.execute(text("PRAGMA max_page_count = 1"))
                for number in range(200):
                    tx.add(AuditEvent(id=str(number), at=NOW, event=BIG, details={}))
                    tx.flush()

        with pytest.raises(DatabaseUnavailableError) as fault:
            write_much()
        assert fault.value.fault is DatabaseFault.FULL
        assert count(storage) == 0

    def test_a_file_that_another_process_writes(self, storage: Storage, url: str) -> None:
        with closing(sqlite3.connect(str(make_url(url).database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert faults(storage) == {DatabaseFault.LOCKED}
            assert tried(storage) is DatabaseFault.LOCKED
            assert count(storage) == 0
            other.execute("ROLLBACK")
        assert tried(storage) is None

    def test_a_file_that_may_not_be_written(self, storage: Storage) -> None:
        engines = [db.engines[None], db.engines["autocommit"]]
        for engine in engines:
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA query_only = ON")
        assert faults(storage) == {DatabaseFault.READ_ONLY}
        assert tried(storage) is DatabaseFault.READ_ONLY
        assert count(storage) == 0

    def test_a_disk_that_is_nearly_full(self, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("identity.database_state._LEAST_ROOM", 1 << 60)
        assert tried(storage) is DatabaseFault.FULL

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "identity.db").write_bytes(b"not a database" * 1000)
        storage = Storage(f"sqlite:///{tmp_path}/identity.db")
        storage.init_app(Flask("identity"))
        with storage, pytest.raises(DatabaseUnavailableError) as fault:
            storage.server_state()
        assert fault.value.fault is DatabaseFault.DAMAGED


def raised(state: str) -> exc.DBAPIError:
    """Return PostgreSQL's error of this code, as SQLAlchemy raises it."""
    kind = psycopg.errors.lookup(state)
    return exc.DBAPIError.instance("SELECT 1", None, kind("words"), psycopg.Error)


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("53100", DatabaseFault.FULL),
        ("53200", DatabaseFault.OVERLOADED),
        ("53300", DatabaseFault.OVERLOADED),
        ("25006", DatabaseFault.READ_ONLY),
        ("25P03", DatabaseFault.UNREACHED),
        ("40001", DatabaseFault.LOCKED),
        ("40P01", DatabaseFault.LOCKED),
        ("55P03", DatabaseFault.LOCKED),
        ("57014", DatabaseFault.LOCKED),
        ("57P01", DatabaseFault.UNREACHED),
        ("57P03", DatabaseFault.UNREACHED),
        ("58030", DatabaseFault.DAMAGED),
        ("XX001", DatabaseFault.DAMAGED),
        ("08006", DatabaseFault.UNREACHED),
    ],
)
def test_what_passes_by_itself_is_told_by_its_code(state: str, fault: DatabaseFault) -> None:
    with pytest.raises(DatabaseUnavailableError, match=fault.value) as found, neutral_errors():
        raise raised(state)
    assert found.value.fault is fault


@pytest.mark.parametrize("state", ["23505", "22001", "42P01", "42501", "25P02", "XX000"])
def test_what_the_program_did_wrong_is_left_as_it_is(state: str) -> None:
    with pytest.raises(exc.DBAPIError) as found, neutral_errors():
        raise raised(state)
    assert not isinstance(found.value, UnavailableError)


def test_a_pool_without_a_connection_is_told_too() -> None:
    with pytest.raises(DatabaseUnavailableError) as found, neutral_errors():
        raise exc.TimeoutError
    assert found.value.fault is DatabaseFault.OVERLOADED
