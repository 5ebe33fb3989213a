"""Prepared statements do what SQLAlchemy does with the same statements, on each kind of database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from identity.audit.models import AuditEvent
from identity.compiled_statements import CompiledStatement
from identity.storage import Storage, table_of
from sqlalchemy import bindparam, insert, literal, select, update
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


def test_a_refusal_is_sqlalchemys(storage):
    with storage.autocommit() as connection:
        ADD.row(connection, event())
        with pytest.raises(IntegrityError):
            ADD.row(connection, event())
        assert FIND.row(connection, {"wanted": "one"})


def test_a_lost_connection_is_given_up_and_the_next_one_works(storage):
    with storage.autocommit() as connection:
        FIND.row(connection, {"wanted": "one"})
        connection.connection.driver_connection.close()
        # SQLAlchemy tells; SQLite's driver says so in another way.
        with pytest.raises(Exception, match="closed") as raised:
            FIND.row(connection, {"wanted": "one"})
    assert isinstance(raised.value, DBAPIError)
    with storage.autocommit() as connection:
        assert FIND.row(connection, {"wanted": "one"}) is None
