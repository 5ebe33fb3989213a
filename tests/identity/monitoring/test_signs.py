"""Passwords that are tried on many accounts show, and residents who mistype do not."""

import pytest
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.monitoring.signs import FROM_ONE_NETWORK, IN_ALL, WINDOW, Alarm, summarize
from identity.monitoring.store import Counted, EventCounts, hour_of
from structlog.testing import capture_logs


@pytest.fixture
def record(storage, now):
    """Return a function that records an event of each of so many accounts, from one network or many."""

    def record(event, accounts, *, network=None, at=now, known=True, first=0):
        with storage.transaction() as tx:
            for number in range(first, first + accounts):
                address = f"{network}.{number % 250}" if network else f"198.18.{number}.7"
                name = f"account-{number}"
                whose = {"resident_id": name} if known else {"account": name}
                Audit(tx).record(event, at, ip_address=address, **whose)

    return record


@pytest.fixture
def alarms(storage, now):
    """Return a function that summarizes and lists the alarms."""

    def alarms(at=now):
        with storage.autocommit() as connection:
            summarize(connection, at)
            return set(EventCounts(connection).last_alarms(hour_of(at)))

    return alarms


def test_two_guesses_on_each_of_many_accounts_from_one_network(record, alarms):
    for _ in range(2):
        record(Event.SIGN_IN_FAILED, FROM_ONE_NETWORK, network="203.0.113")
    assert alarms() == {Alarm.SPRAYING_FROM_ONE_NETWORK}


def test_one_guess_from_each_of_many_networks(record, alarms):
    record(Event.SIGN_IN_FAILED, IN_ALL)
    assert alarms() == {Alarm.SPRAYING_FROM_MANY_NETWORKS}


def test_addresses_without_an_account_count_too(record, alarms):
    record(Event.SIGN_IN_FAILED, IN_ALL - 10, known=False)
    record(Event.SIGN_IN_LOCKED, 10, first=IN_ALL)
    assert alarms() == {Alarm.SPRAYING_FROM_MANY_NETWORKS}


def test_many_guesses_on_few_accounts_are_the_lockouts_business(record, alarms):
    for _ in range(40):
        record(Event.SIGN_IN_FAILED, FROM_ONE_NETWORK - 1, network="203.0.113")
    assert alarms() == set()


def test_a_morning_on_which_residents_mistype_is_none(record, alarms):
    record(Event.SIGN_IN_FAILED, 60, network="203.0.113")
    record(Event.SIGN_IN_SUCCEEDED, 61, network="203.0.113", first=100)
    assert alarms() == set()


def test_what_is_older_than_an_hour_does_not_count(record, alarms, now):
    record(Event.SIGN_IN_FAILED, IN_ALL, at=now - WINDOW * 2)
    assert alarms() == set()


def test_an_alarm_is_recorded_and_logged_once_an_hour(record, alarms, storage, now):
    record(Event.SIGN_IN_FAILED, IN_ALL)
    with capture_logs() as logs:
        alarms()
        alarms()
    facts = {"networks": 50, "failed": "50", "signed_in": "0"}
    name = "password_spraying_from_many_networks"
    assert logs == [{"event": "alarm", "log_level": "error", "alarm": name, **facts}]
    with storage.autocommit() as connection:
        (event,) = Audit(connection).list_events([Event.ALARM_RAISED], now, 10)
    assert event.details == {"alarm": name, "networks": "50", "failed": "50", "signed_in": "0"}


def test_the_hours_events_are_counted_anew_each_time(record, alarms, storage, now):
    for accounts in (3, 2):
        record(Event.SIGN_IN_FAILED, accounts)
        alarms()
    with storage.autocommit() as connection:
        counts = EventCounts(connection).since(hour_of(now))
    assert counts[Counted.AUDIT_EVENT, "sign_in_failed"] == 5
    assert counts[Counted.ACCOUNTS, "failed"] == 3
