"""Compiled statements on PostgreSQL are prepared once by each connection, and anew where they are lost."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from identity.compiled_statements import CompiledStatement
from identity.prepared_statements import PreparedStatements
from identity.storage import Storage
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    cast,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, ProgrammingError

pytestmark = pytest.mark.database("postgresql")

THINGS = Table(
    "things", MetaData(), Column("name", Text), Column("number", Integer), Column("is_new", Boolean)
)
ADD = CompiledStatement(insert(THINGS))
COPY = CompiledStatement(
    insert(THINGS).from_select(
        ["name", "is_new"], select(THINGS.c.name, bindparam("new", type_=Boolean)).where(THINGS.c.is_new)
    )
)
FIND = CompiledStatement(select(THINGS.c.number).where(THINGS.c.name == bindparam("wanted")))
RENAME = CompiledStatement(
    update(THINGS).where(THINGS.c.name == bindparam("old")).values(name=bindparam("new"))
)
ONE = {"name": "one", "number": 1, "is_new": True}


@pytest.fixture
def storage(fresh_database: Callable[[str], str]) -> Iterator[Storage]:
    storage = Storage(fresh_database("identity"))
    storage.init_app(Flask("identity"))
    with storage.transaction() as tx:
        tx.execute(text("CREATE TABLE things (name text, number integer, is_new boolean)"))
    yield storage
    with storage.transaction() as tx:
        tx.execute(text("DROP TABLE things"))
    storage.dispose()


def prepared(connection) -> list[str]:
    """Return the statements that the connection's session of the server has prepared."""
    found = connection.execute(text("SELECT name FROM pg_prepared_statements ORDER BY prepare_time"))
    return list(found.scalars())


def test_a_statement_is_prepared_once(storage):
    with storage.autocommit() as connection:
        for _ in range(3):
            ADD.row(connection, ONE)
            FIND.row(connection, {"wanted": "one"})
        assert prepared(connection) == ["compiled_0", "compiled_1"]


def test_rows_and_counts(storage):
    with storage.autocommit() as connection:
        for number in (1, 2):
            assert ADD.count(connection, ONE | {"number": number}) == 1
        assert sorted(row.number for row in FIND.rows(connection, {"wanted": "one"})) == [1, 2]
        assert RENAME.count(connection, {"old": "one", "new": "two"}) == 2
        assert FIND.rows(connection, {"wanted": "one"}) == []


def test_a_boolean_is_one_where_the_server_cannot_infer_it(storage):
    with storage.autocommit() as connection:
        ADD.row(connection, ONE)
        assert COPY.count(connection, {"new": None}) == 1
        assert COPY.count(connection, {"new": False}) == 1


@pytest.mark.parametrize("command", ["DEALLOCATE ALL", "ALTER TABLE things ALTER COLUMN number TYPE bigint"])
def test_what_the_server_forgot_is_prepared_again(storage, command):
    with storage.autocommit() as connection:
        ADD.row(connection, ONE)
        assert FIND.row(connection, {"wanted": "one"}).number == 1
        connection.execute(text(command))
        assert FIND.row(connection, {"wanted": "one"}).number == 1
        assert ADD.count(connection, ONE) == 1


def test_in_a_transaction_it_fails_and_the_next_one_goes_on(storage):
    def forget_and_find():
        with storage.transaction() as tx:
            FIND.row(tx, {"wanted": "one"})
            tx.execute(text("DEALLOCATE ALL"))
            FIND.row(tx, {"wanted": "one"})

    with pytest.raises(ProgrammingError):
        forget_and_find()
    with storage.transaction() as tx:
        assert FIND.row(tx, {"wanted": "one"}) is None


def test_after_a_rollback_it_is_still_prepared(storage):
    with storage.transaction() as tx:
        FIND.row(tx, {"wanted": "one"})
        # As many as psycopg's cursor needs to prepare a statement of its own.
        for _ in range(8):
            tx.execute(text("SELECT 1"))
        tx.rollback()
    with storage.transaction() as tx:
        assert FIND.row(tx, {"wanted": "one"}) is None


def test_it_is_part_of_the_transaction_it_runs_in(storage):
    def write_and_fail():
        with storage.transaction() as tx:
            ADD.row(tx, ONE)
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()
    with storage.autocommit() as connection:
        assert FIND.row(connection, {"wanted": "one"}) is None


def test_a_refusal_leaves_the_connection_as_it_was(storage):
    read = CompiledStatement(select(cast(THINGS.c.name, Integer).label("name")))
    with storage.autocommit() as connection:
        ADD.row(connection, ONE)
        for _ in range(2):
            with pytest.raises(DBAPIError):
                read.row(connection, {})
        assert FIND.row(connection, {"wanted": "one"}).number == 1


def test_behind_a_pooler_nothing_is_prepared(storage):
    with storage.autocommit() as connection:
        driver_connection = connection.connection.dbapi_connection
        driver_connection.statements = PreparedStatements(driver_connection, prepares=False)
        ADD.row(connection, ONE)
        assert FIND.row(connection, {"wanted": "one"}).number == 1
        assert prepared(connection) == []
