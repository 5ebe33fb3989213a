"""Many requests in the same instant: threads with connections of their own on one database."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from flask import Flask
from identity.secret_keys import SecretKeys
from identity.storage import Storage

T = TypeVar("T")


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def secret_keys() -> SecretKeys:
    return SecretKeys(["a key of thirty-two characters or more"])


@pytest.fixture
def storage_app(fresh_database: Callable[[str], str]) -> Iterator[tuple[Storage, Flask]]:
    storage = Storage(fresh_database("identity"), pool_size=16)
    app = Flask("identity")
    storage.init_app(app)
    # Opened once before the race: the first connection to a SQLite file switches its journal.
    assert storage.is_reachable()
    yield storage, app
    storage.dispose()


@pytest.fixture
def storage(storage_app: tuple[Storage, Flask]) -> Storage:
    return storage_app[0]


@pytest.fixture
def at_once(storage_app: tuple[Storage, Flask]) -> Callable[[int, Callable[[int], T]], list[T]]:
    """Return a function that calls `deed(0)`, `deed(1)`, … all at once and returns their results."""
    _, app = storage_app

    def at_once(times: int, deed: Callable[[int], T]) -> list[T]:
        barrier = threading.Barrier(times)
        results: list[T] = []
        faults: list[BaseException] = []

        def run(number: int) -> None:
            try:
                with app.app_context():
                    barrier.wait()
                    results.append(deed(number))
            except BaseException as fault:  # noqa: BLE001 - raised again below, in the test's own thread
                faults.append(fault)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]
        return results

    return at_once
