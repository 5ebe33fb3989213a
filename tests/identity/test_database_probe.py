"""Readiness: a database that can be used is one that answers, can write and has the time."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from identity import database_probe
from identity.clock import FixedClock
from identity.database_faults import DatabaseFault, DatabaseUnavailableError
from identity.database_probe import DatabaseProbe
from identity.database_state import ServerState
from structlog.testing import capture_logs

CALLERS = 10
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


class Database:
    """A database that answers as it is told to."""

    def __init__(self, read: Callable[[], ServerState | None] = lambda: None) -> None:
        self.read, self.fault = read, None
        self.writes = 0

    def server_state(self) -> ServerState | None:
        return self.read()

    def try_writing(self) -> None:
        self.writes += 1
        if self.fault:
            raise DatabaseUnavailableError(self.fault)


def probe_of(database: Database) -> DatabaseProbe:
    return DatabaseProbe(database, FixedClock(NOW))


def test_one_that_does_not_answer_cannot_be_used():
    def silent() -> None:
        raise DatabaseUnavailableError(DatabaseFault.UNREACHED)

    database = Database()
    probe = probe_of(database)
    assert probe.succeeds()
    database.read = silent
    assert not probe.succeeds()
    database.read = lambda: None
    assert probe.succeeds()


@pytest.mark.parametrize("fault", list(DatabaseFault))
def test_one_that_cannot_write_cannot_be_used_until_it_can(fault: DatabaseFault):
    database = Database()
    database.fault = fault
    probe = probe_of(database)
    with capture_logs() as logs:
        assert not probe.succeeds()
        assert not probe.succeeds()
        database.fault = None
        assert probe.succeeds()
    assert [(line["event"], line.get("why")) for line in logs] == [
        ("database.unusable", fault.value),
        ("database.usable_again", None),
    ]


def test_a_server_that_says_it_is_read_only_is_not_tried():
    database = Database(lambda: ServerState(NOW, is_pooled=False, is_read_only=True))
    assert not probe_of(database).succeeds()
    assert database.writes == 0


def test_it_writes_every_few_seconds_and_not_at_each_question(monkeypatch: pytest.MonkeyPatch):
    database = Database()
    probe = probe_of(database)
    assert [probe.succeeds() for _ in range(CALLERS)] == [True] * CALLERS
    assert database.writes == 1
    monkeypatch.setattr(database_probe, "_WRITE_EVERY", 0)
    probe = probe_of(database)
    assert [probe.succeeds() for _ in range(3)] == [True] * 3
    assert database.writes == 4


def test_once_it_could_not_be_used_a_write_must_succeed():
    database = Database()
    probe = probe_of(database)
    assert probe.succeeds()
    database.read = lambda: ServerState(NOW, is_pooled=False, is_read_only=True)
    assert not probe.succeeds()
    database.read, database.fault = lambda: None, DatabaseFault.FULL
    assert not probe.succeeds()


@pytest.mark.parametrize("ahead", [-60, 0, 60])
def test_a_machine_whose_clock_is_about_right_serves(ahead: int):
    server = ServerState(NOW + timedelta(seconds=ahead), is_pooled=False)
    assert probe_of(Database(lambda: server)).succeeds()


@pytest.mark.parametrize(("ahead", "side"), [(62, "61 seconds behind"), (-62, "62 seconds ahead of")])
def test_a_machine_whose_clock_is_wrong_serves_nothing(ahead: int, side: str):
    server = ServerState(NOW + timedelta(seconds=ahead), is_pooled=False)
    with capture_logs() as logs:
        assert not probe_of(Database(lambda: server)).succeeds()
    assert f"this machine's clock is {side} the database's" in logs[0]["why"]


def test_many_callers_share_one_question_and_none_waits_long():
    asked, release = [], threading.Event()

    def hang() -> None:
        asked.append(threading.current_thread())
        release.wait(10)

    probe = probe_of(Database(hang))
    began = time.monotonic()
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(lambda _: probe.succeeds(), range(CALLERS)))
    assert answers == [False] * CALLERS
    assert time.monotonic() - began < 2
    assert not probe.succeeds()
    assert len(asked) == 1

    release.set()
    while not probe.succeeds():
        assert time.monotonic() - began < 10
    # The first question may be answered just now, or a second one.
    assert len(asked) <= 2


def test_a_fault_is_not_taken_for_an_answer():
    with pytest.raises(ZeroDivisionError):
        probe_of(Database(lambda: 1 // 0)).succeeds()
