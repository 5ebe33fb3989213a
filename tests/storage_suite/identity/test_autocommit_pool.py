"""The connections on which every statement commits: how many there are, and which is lent again."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask
from identity import autocommit_pool
from identity.errors import UnavailableError
from identity.storage import Storage
from sqlalchemy import text


@pytest.fixture
def storage(fresh_database: Callable[[str], str]) -> Iterator[Storage]:
    storage = Storage(fresh_database("identity"), pool_size=2)
    storage.init_app(Flask("identity"))
    yield storage
    storage.dispose()


@pytest.fixture
def lent(storage: Storage) -> Callable[[], object]:
    """Return a function that borrows for a moment, and returns the driver's connection."""

    def borrow() -> object:
        with storage.autocommit() as connection:
            return connection.connection.dbapi_connection

    return borrow


def test_the_last_that_came_back_is_the_next_to_go(storage, lent):
    with storage.autocommit(), storage.autocommit() as second:
        expected = second.connection.dbapi_connection
    # The first one came back after it.
    assert lent() is not expected
    assert lent() is lent()


def test_there_are_no_more_than_its_size(storage, monkeypatch):
    monkeypatch.setattr(autocommit_pool, "_WAIT", 0.01)
    with ExitStack() as borrowed:
        for _ in range(2):
            borrowed.enter_context(storage.autocommit())
        with pytest.raises(UnavailableError):
            borrowed.enter_context(storage.autocommit())
    with storage.autocommit() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_an_old_one_is_replaced(lent, monkeypatch):
    monkeypatch.setattr(autocommit_pool, "_KEPT", 0)
    first = lent()
    assert lent() is not first


@pytest.mark.database("postgresql")
def test_one_in_the_middle_of_something_is_not_lent_again(storage, lent):
    with storage.autocommit() as connection:
        interrupted = connection.connection.dbapi_connection
        interrupted.pgconn.send_query(b"SELECT pg_sleep(0.2)")
    assert lent() is not interrupted
    assert interrupted.closed


@pytest.mark.database("postgresql")
def test_a_transaction_begun_by_hand_goes_back_to_no_other_borrower(storage, lent):
    with storage.autocommit() as connection:
        begun = connection.connection.dbapi_connection
        begun.execute("BEGIN")
    assert lent() is not begun


@pytest.mark.database("postgresql")
def test_one_that_is_closed_in_a_borrowers_hands_takes_no_place(storage, monkeypatch):
    monkeypatch.setattr(autocommit_pool, "_WAIT", 0.01)
    for _ in range(3):
        with storage.autocommit() as connection:
            connection.execute(text("SELECT 1"))
            connection.connection.dbapi_connection.close()
    with storage.autocommit() as one, storage.autocommit() as another:
        assert one.scalar(text("SELECT 1")) == another.scalar(text("SELECT 1")) == 1


def test_a_failure_of_the_borrower_gives_it_back(storage, lent):
    def fail():
        with storage.autocommit():
            raise LookupError

    for _ in range(3):
        with pytest.raises(LookupError):
            fail()
    assert lent() is lent()


def test_after_an_end_it_opens_new_ones(storage, lent):
    first = lent()
    storage.dispose()
    assert lent() is not first
