"""The chain over billing_link's audit; what shows in it is tested one by one in tests/identity/audit."""

from datetime import UTC, datetime, timedelta

import pytest
from billing_link.audit.seals import seal_and_erase, verify
from billing_link.audit.store import EVENTS, Actor, Audit, AuditSeals, Event
from billing_link.storage import Storage
from sqlalchemy import delete, func, select, update

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RETENTION = 30 * DAY


@pytest.fixture
def storage(database_url):
    with Storage(database_url) as storage:
        yield storage


@pytest.fixture
def record(storage):
    """Return a function that records an event on each of these days."""

    def record(*days: int) -> None:
        with storage.autocommit() as connection:
            for day in days:
                actor = Actor("jane", "portal", f"sid-{day}")
                Audit(connection).record(Event.LINK_MADE, NOW + day * DAY, city_id="dunedin", actor=actor)

    return record


def broken(storage) -> list[int]:
    with storage.transaction() as tx:
        return [each.number for each in verify(tx, NOW + 100 * DAY)]


def events(storage) -> int:
    with storage.autocommit() as connection:
        return connection.execute(select(func.count()).select_from(EVENTS)).scalar_one()


def test_a_changed_and_a_removed_event_show(storage, record):
    for day in (0, 1, 2):
        record(day)
        assert seal_and_erase(storage, RETENTION, NOW + (day + 0.5) * DAY) == 1
    assert broken(storage) == []
    with storage.autocommit() as connection:
        connection.execute(update(EVENTS).where(EVENTS.c.seal == 1).values(city_id="largo"))
        connection.execute(delete(EVENTS).where(EVENTS.c.seal == 3))
    assert broken(storage) == [1, 3]


def test_events_go_at_the_end_of_their_retention_and_the_chain_holds(storage, record):
    record(0)
    seal_and_erase(storage, RETENTION, NOW + DAY)
    record(20, 21)
    assert seal_and_erase(storage, RETENTION, NOW + 25 * DAY) == 2
    assert events(storage) == 3
    assert seal_and_erase(storage, RETENTION, NOW + 31 * DAY) == 1
    assert (events(storage), broken(storage)) == (2, [])


def test_everything_that_waits_is_sealed_at_once(storage, record, monkeypatch):
    monkeypatch.setattr("billing_link.audit.seals.EVENTS_OF_A_SEAL", 2)
    record(*range(5))
    assert seal_and_erase(storage, RETENTION, NOW + 10 * DAY) == 5
    with storage.transaction() as tx:
        assert [seal.events for seal in AuditSeals(tx).list_seals()] == [2, 2, 1]
