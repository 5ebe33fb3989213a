"""Refusals and faults of a process are counted by the hour, whatever the database does."""

from datetime import timedelta

import pytest
from identity.errors import UnavailableError
from identity.monitoring.recorder import EventRecorder
from identity.monitoring.store import KEPT, Counted, EventCounts, hour_of
from structlog.testing import capture_logs


@pytest.fixture
def recorder(storage, clock, monkeypatch):
    monkeypatch.setattr("identity.monitoring.recorder.WRITE_EVERY_SECONDS", 60)
    return EventRecorder(storage, clock)


@pytest.fixture
def counts(storage, now):
    """Return a function that reads all counts since the beginning."""

    def counts(since=None):
        with storage.autocommit() as connection:
            return EventCounts(connection).since(hour_of(since or now))

    return counts


def test_what_is_counted_is_added_up_by_its_hour(recorder, counts, clock, now):
    for _ in range(3):
        recorder.count(Counted.LIMITED, "sign_in")
    recorder.write()
    recorder.count(Counted.LIMITED, "sign_in")
    recorder.count(Counted.LIMITED, "mail")
    recorder.write()
    clock.advance(timedelta(hours=1))
    recorder.count(Counted.LIMITED, "mail")
    recorder.write()
    assert counts() == {(Counted.LIMITED, "sign_in"): 4, (Counted.LIMITED, "mail"): 2}
    assert counts(clock.now()) == {(Counted.LIMITED, "mail"): 1}


def test_two_processes_add_to_one_count(recorder, storage, clock, counts):
    for process in (recorder, EventRecorder(storage, clock)):
        process.count(Counted.FAULT, "unavailable")
        process.write()
    assert counts() == {(Counted.FAULT, "unavailable"): 2}


def test_one_line_in_the_log_for_any_number(recorder):
    for _ in range(1000):
        recorder.count(Counted.LIMITED, "sign_in")
    with capture_logs() as logs:
        recorder.write()
        recorder.write()
    assert logs == [
        {"event": "refused", "log_level": "warning", "why": "limited", "detail": "sign_in", "requests": 1000}
    ]


def test_what_the_database_does_not_take_is_kept(recorder, storage, counts, monkeypatch):
    recorder.count_fault(UnavailableError("the database does not answer"))
    recorder.count_fault(RuntimeError("a defect"))

    def silent():
        raise UnavailableError("the database does not answer")

    with monkeypatch.context() as during:
        during.setattr(storage, "autocommit", silent)
        recorder.write()
    recorder.count_fault(UnavailableError("the database does not answer"))
    recorder.write()
    assert counts() == {(Counted.FAULT, "unavailable"): 2, (Counted.FAULT, "unforeseen"): 1}


def test_a_thread_writes_without_being_asked(storage, clock, counts, monkeypatch):
    monkeypatch.setattr("identity.monitoring.recorder.WRITE_EVERY_SECONDS", 0.01)
    recorder = EventRecorder(storage, clock)
    recorder.count(Counted.LIMITED, "sign_in")
    for _ in range(500):
        if counts():
            break
        recorder._ending.wait(0.01)  # noqa: SLF001 - a pause
    recorder._ending.set()  # noqa: SLF001 - the end of the test
    assert counts() == {(Counted.LIMITED, "sign_in"): 1}


def test_counts_are_kept_for_400_days(recorder, storage, now):
    recorder.count(Counted.LIMITED, "sign_in")
    recorder.write()
    with storage.autocommit() as connection:
        store = EventCounts(connection)
        assert store.delete_old(hour_of(now) + KEPT - timedelta(seconds=1), 10) == 0
        assert store.delete_old(hour_of(now) + KEPT, 10) == 1
