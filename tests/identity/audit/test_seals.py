"""The chain over the audit record: what was sealed cannot be changed, removed or added unseen."""

from datetime import timedelta

import pytest
from identity.audit import seals
from identity.audit.events import Event
from identity.audit.seals import seal_events, verify
from identity.audit.store import EVENTS, SEALS, AlreadySealedError, Audit, AuditSeals
from sqlalchemy import delete, insert, select, update
from structlog.testing import capture_logs

MINUTE = timedelta(minutes=1)


@pytest.fixture
def record(storage, now):
    """Return a function that records events, so many minutes after the beginning."""

    def record(*minutes: int) -> None:
        with storage.transaction() as tx:
            for minute in minutes:
                details = {"minute": str(minute), "why": "é"}
                Audit(tx).record(Event.UNLOCKED, now + minute * MINUTE, resident_id="jane", **details)

    return record


@pytest.fixture
def seal(storage, now):
    """Return a function that seals what is due so many minutes after the beginning."""

    def seal(minute: int) -> int:
        with storage.transaction() as tx:
            return seal_events(tx, now + minute * MINUTE)

    return seal


@pytest.fixture
def broken(storage, now):
    """Return a function that lists the numbers of the seals that do not hold."""

    def broken() -> list[int]:
        with storage.transaction() as tx:
            return [each.number for each in verify(tx, now + timedelta(days=100))]

    return broken


@pytest.fixture
def tamper(storage):
    """Return a function that changes the tables behind the service's back."""

    def tamper(statement) -> None:
        with storage.autocommit() as connection:
            assert connection.execute(statement).rowcount

    return tamper


@pytest.fixture
def three(record, seal):
    """Make three seals of two events each."""
    for minute in (0, 10, 20):
        record(minute, minute + 1)
        assert seal(minute + 8) == 2


def of_seal(number):
    return EVENTS.c.id == select(EVENTS.c.id).where(EVENTS.c.seal == number).limit(1).scalar_subquery()


def test_what_was_left_alone_holds(three, broken):
    assert broken() == []


def test_nothing_to_seal_makes_no_seal(seal, storage):
    assert seal(60) == 0
    with storage.autocommit() as connection:
        assert AuditSeals(connection).list_seals() == []


def test_the_last_minutes_wait_for_transactions_under_way(record, seal):
    record(0, 1, 2)
    assert [seal(6), seal(6), seal(60)] == [1, 0, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"event": "sign_out"},
        {"resident_id": "john"},
        {"ip_address": "203.0.113.7"},
        {"client_id": "portal"},
        {"session_id": "sid"},
        {"details": {"minute": "0"}},
    ],
)
def test_a_changed_event_shows(three, broken, tamper, change):
    tamper(update(EVENTS).where(of_seal(2)).values(**change))
    assert broken() == [2]


def test_a_changed_time_shows(three, broken, tamper, now):
    tamper(update(EVENTS).where(of_seal(1)).values(at=now - MINUTE))
    assert broken() == [1]


def test_a_removed_event_shows(three, broken, tamper):
    tamper(delete(EVENTS).where(of_seal(3)))
    assert broken() == [3]


def test_an_event_added_to_a_seal_shows(three, broken, tamper, now):
    tamper(insert(EVENTS).values(id="x", at=now, event="unlocked", details={}, seal=1))
    assert broken() == [1]


def test_a_removed_seal_shows(three, broken, tamper):
    tamper(delete(SEALS).where(SEALS.c.number == 2))
    assert broken() == [3, 3]


def test_a_seal_made_anew_breaks_the_next(three, broken, tamper, storage):
    tamper(update(EVENTS).where(of_seal(1)).values(resident_id="john"))
    with storage.transaction() as tx:
        forged = seals.hash_of(seals.BEGINNING, AuditSeals(tx).events_of(1))
    tamper(update(SEALS).where(SEALS.c.number == 1).values(hash=forged))
    assert broken() == [2]


def test_each_hash_is_in_the_log(record, seal, storage):
    record(0)
    with capture_logs() as logs:
        seal(10)
    with storage.autocommit() as connection:
        last = AuditSeals(connection).last_seal()
    assert logs == [{"event": "audit.sealed", "log_level": "info", "seal": 1, "events": 1, "hash": last.hash}]


def test_of_two_workers_at_once_one_seals(three, record, storage, now, monkeypatch):
    record(30)
    stale = AuditSeals.last_seal
    with storage.transaction() as tx:
        before = stale(AuditSeals(tx))
        assert seal_events(tx, now + 40 * MINUTE) == 1
    monkeypatch.setattr(AuditSeals, "last_seal", lambda _self: before)
    with pytest.raises(AlreadySealedError), storage.transaction() as tx:
        seal_events(tx, now + 40 * MINUTE)


class TestRetention:
    def erase(self, storage, before, now):
        with storage.transaction() as tx:
            return AuditSeals(tx).erase_events(before, now)

    def test_events_go_seal_by_seal_and_the_chain_holds(self, three, broken, storage, now):
        later = now + timedelta(days=40)
        assert self.erase(storage, now + 5 * MINUTE, later) == 2
        assert self.erase(storage, now + 5 * MINUTE, later) == 0
        with storage.autocommit() as connection:
            assert len(connection.execute(select(EVENTS)).all()) == 4
            assert [seal.erased_at for seal in AuditSeals(connection).list_seals()] == [later, None, None]
        assert broken() == []

    @pytest.mark.parametrize("day", [0, 29, 101])
    def test_events_that_are_gone_too_early_show(self, three, broken, storage, now, tamper, day):
        tamper(delete(EVENTS).where(EVENTS.c.seal == 3))
        tamper(update(SEALS).where(SEALS.c.number == 3).values(erased_at=now + timedelta(days=day)))
        assert broken() == [3]

    def test_a_seal_with_one_event_that_is_kept_stays_whole(self, three, storage, now):
        assert self.erase(storage, now + MINUTE, now) == 0

    def test_what_has_no_seal_stays(self, record, storage, now):
        record(0)
        assert self.erase(storage, now + timedelta(days=1), now) == 0
