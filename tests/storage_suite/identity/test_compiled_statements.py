"""Prepared statements do what SQLAlchemy does with the same statements, on each kind of database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from identity.audit.models import AuditEvent
from identity.compiled_statements import CompiledStatement
from identity.errors import UnavailableError, UnstorableTextError
from identity.storage import Storage, table_of
from sqlalchemy import Connection, bindparam, func, insert, literal, select, update
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, IntegrityError

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
EVENTS = table_of(AuditEvent)
ADD = CompiledStatement(insert(EVENTS))
FIND_STATEMENT = select(EVENTS, literal(value=True).label("found")).where(EVENTS.c.id == bindparam("wanted"))
FIND = CompiledStatement(FIND_STATEMENT)
MOVE = CompiledStatement(
    update(EVENTS)
    .where(
        EVENTS.c.id == bindparam("wanted"),
        EVENTS.c.event == "unlocked",
        # The same parameter twice.
        EVENTS.c.at <= bindparam("moment"),
    )
    .values(at=bindparam("moment"))
    .returning(EVENTS.c.id, EVENTS.c.at)
)


@pytest.fixture
def storage(fresh_database: Callable[[str], str]) -> Iterator[Storage]:
    storage = Storage(fresh_database("identity"))
    storage.init_app(Flask("identity"))
    yield storage
    storage.dispose()


@pytest.fixture(params=["autocommit", "transaction"])
def lend(request: pytest.FixtureRequest, storage: Storage):
    """Return each of the two ways to the database."""
    return getattr(storage, request.param)


def event(event_id="one"):
    return {"id": event_id, "at": NOW, "event": "unlocked", "details": {"why": ["so"]}}


@pytest.mark.parametrize("unstorable", ["a\0b", "\ud800"])
def test_text_that_no_database_holds_is_refused(lend, unstorable):
    for statement, values in ((FIND, {"wanted": unstorable}), (ADD, event(unstorable))):
        with pytest.raises(UnstorableTextError), lend() as executor:
            statement.row(executor, values)


def test_a_row_is_the_one_that_sqlalchemy_returns(lend):
    with lend() as executor:
        assert ADD.row(executor, event()) is None
        row = FIND.row(executor, {"wanted": "one"})
        expected = executor.execute(FIND_STATEMENT, {"wanted": "one"}).one()
    assert tuple(row) == tuple(expected)
    assert (row.at, row.at.tzinfo, row.details, row.found) == (NOW, UTC, {"why": ["so"]}, True)


def test_what_is_not_there_is_none(lend):
    with lend() as executor:
        assert FIND.row(executor, {"wanted": "one"}) is None
        assert MOVE.row(executor, {"wanted": "one", "moment": NOW}) is None


def test_a_change_returns_what_it_changed(lend):
    later = NOW + timedelta(hours=1)
    with lend() as executor:
        ADD.row(executor, event())
        assert tuple(MOVE.row(executor, {"wanted": "one", "moment": later})) == ("one", later)
        assert FIND.row(executor, {"wanted": "one"}).at == later


def test_what_it_writes_is_committed(lend, storage):
    with lend() as executor:
        ADD.row(executor, event())
    with storage.autocommit() as connection:
        assert FIND.row(connection, {"wanted": "one"})


def lose(connection: Connection, storage: Storage) -> None:
    """End the connection from outside, as a restart of the database does."""
    driver_connection = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver_connection.close()
        return
    with storage.autocommit() as other:
        other.execute(select(func.pg_terminate_backend(driver_connection.info.backend_pid, 5000)))


def executions_by_sqlalchemy(connection: Connection) -> list[str]:
    """Return a list that grows by what SQLAlchemy, and not the compiled statement, executes."""
    executed: list[str] = []
    listen(connection, "before_cursor_execute", lambda _c, _cursor, text, *_: executed.append(text))
    return executed


def test_a_refusal_is_sqlalchemys_without_parameters(storage):
    with storage.autocommit() as connection:
        ADD.row(connection, event())
        with pytest.raises(IntegrityError) as raised:
            ADD.row(connection, event())
        assert raised.value.params is None
        assert FIND.row(connection, {"wanted": "one"})


def test_a_refused_change_is_executed_once(storage):
    with storage.autocommit() as connection:
        ADD.row(connection, event())
        again = executions_by_sqlalchemy(connection)
        with pytest.raises(IntegrityError):
            ADD.row(connection, event())
    assert again == []


def test_a_search_on_a_lost_connection_is_done_again_on_a_new_one(storage):
    with storage.autocommit() as connection:
        ADD.row(connection, event())
        lose(connection, storage)
        assert FIND.row(connection, {"wanted": "one"}).at == NOW


def test_a_search_is_done_again_although_something_else_ran_on_the_connection(storage):
    with storage.autocommit() as connection:
        connection.execute(insert(EVENTS), event())
        lose(connection, storage)
        assert FIND.row(connection, {"wanted": "one"}).at == NOW


def test_a_change_on_a_lost_connection_is_not_done_again(storage):
    with storage.autocommit() as connection:
        ADD.row(connection, event())
        again = executions_by_sqlalchemy(connection)
        lose(connection, storage)
        with pytest.raises(DBAPIError) as raised:
            MOVE.row(connection, {"wanted": "one", "moment": NOW + timedelta(hours=1)})
        assert raised.value.connection_invalidated
        assert again == []
        assert FIND.row(connection, {"wanted": "one"}).at == NOW


@pytest.mark.database("postgresql")
def test_a_lost_connection_is_unavailable_to_its_borrower(storage):
    def write_on_a_lost_connection():
        with storage.autocommit() as connection:
            lose(connection, storage)
            ADD.row(connection, event())

    with pytest.raises(UnavailableError):
        write_on_a_lost_connection()
    with storage.autocommit() as connection:
        assert FIND.row(connection, {"wanted": "one"}) is None
