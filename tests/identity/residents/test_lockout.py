from datetime import timedelta

import pytest
from identity.residents.lockout import origins, rules
from identity.residents.lockout.models import FailureCount
from identity.residents.lockout.store import Lockout, Status

JANE = "jane@example.com"
HOME = origins.network("192.0.2.17")
STRANGER = origins.network("198.51.100.1")
DEVICE = origins.device("the-device-of-jane")
SECOND = timedelta(seconds=1)
FIFTEEN_MINUTES = timedelta(minutes=15)


@pytest.fixture
def connection(storage):
    with storage.autocommit() as connection:
        yield connection


@pytest.fixture
def lockout(connection, secret_keys):
    return Lockout(connection, secret_keys)


@pytest.fixture
def fail(lockout):
    """Return a function that fails so often, each time as soon as it may, and tells when it was done."""

    def fail(times, at, origin=HOME, email_key=JANE):
        for _ in range(times):
            lockout_state = lockout.state(email_key, origin, at)
            at = lockout_state.until or at
            lockout.record_failure(email_key, origin, at)
        return at

    return fail


def test_nobody_starts_locked(lockout, now):
    assert lockout.state(JANE, HOME, now).is_open
    assert not lockout.is_locked(JANE, now)


def test_four_failures_cost_nothing(lockout, fail, now):
    fail(4, now)
    assert lockout.state(JANE, HOME, now).is_open
    assert not lockout.is_locked(JANE, now)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(5, 5), (6, 10), (7, 20), (8, 40), (9, 80), (10, 900), (11, 900), (15, 900)]
)
def test_the_wait_grows_with_each_failure(lockout, fail, now, failures, seconds):
    at = fail(failures, now)
    lockout_state = lockout.state(JANE, HOME, at)
    assert (lockout_state.status, lockout_state.until) == (Status.WAIT, at + timedelta(seconds=seconds))
    assert not lockout.state(JANE, HOME, at + timedelta(seconds=seconds) - SECOND).is_open
    assert lockout.state(JANE, HOME, at + timedelta(seconds=seconds)).is_open
    assert rules.wait_after(failures) == timedelta(seconds=seconds)


def test_failures_during_a_wait_do_not_count(lockout, fail, now):
    at = fail(5, now)
    for _ in range(20):
        lockout_state = lockout.record_failure(JANE, HOME, at + SECOND)
    assert lockout_state.until == at + timedelta(seconds=5)
    # The next one that counts is the sixth.
    at += timedelta(seconds=5)
    assert lockout.record_failure(JANE, HOME, at).until == at + timedelta(seconds=10)


def test_twelve_hours_without_a_failure_start_the_count_afresh(lockout, fail, now):
    at = fail(10, now) + timedelta(hours=12)
    assert lockout.record_failure(JANE, HOME, at - SECOND).status is Status.WAIT
    other = "john@example.com"
    at = fail(10, now, email_key=other) + timedelta(hours=12)
    assert lockout.record_failure(other, HOME, at).is_open
    fail(3, at, email_key=other)
    assert lockout.record_failure(other, HOME, at).status is Status.WAIT


def test_a_stranger_elsewhere_delays_neither_the_home_nor_the_device(lockout, fail, now):
    at = fail(30, now, origin=STRANGER)
    assert not lockout.state(JANE, STRANGER, at).is_open
    assert lockout.state(JANE, HOME, at).is_open
    assert lockout.state(JANE, DEVICE, at).is_open


def test_a_stranger_in_the_same_network_does_not_delay_the_device(lockout, fail, now):
    at = fail(30, now, origin=HOME)
    assert not lockout.state(JANE, HOME, at).is_open
    assert lockout.state(JANE, DEVICE, at).is_open


def test_ninety_failures_of_strangers_stop_strangers_for_good_and_not_the_device(lockout, fail, now):
    at = now
    for number in range(18):
        at = fail(5, at, origin=origins.network(f"198.51.{number}.1"))
    much_later = at + timedelta(days=300)
    assert lockout.state(JANE, HOME, much_later).status is Status.STOPPED
    assert lockout.count_attempt(JANE, origins.network("203.0.113.1"), much_later).status is Status.STOPPED
    assert lockout.state(JANE, DEVICE, much_later).is_open
    assert lockout.is_locked(JANE, much_later)


def test_a_hundred_failures_in_all_stop_everybody_until_the_password_is_reset(lockout, fail, now):
    at = now
    for number in range(9):
        at = fail(10, at, origin=origins.network(f"198.51.{number}.1"))
    at = fail(10, at, origin=DEVICE)
    assert lockout.state(JANE, DEVICE, at + timedelta(days=300)).status is Status.STOPPED
    lockout.clear_failures(JANE)
    for origin in (DEVICE, HOME, STRANGER):
        assert lockout.state(JANE, origin, at).is_open


def test_a_sign_in_clears_its_own_origin_and_the_total_but_no_strangers_wait(lockout, fail, connection, now):
    at = fail(10, now, origin=STRANGER)
    fail(4, at)
    lockout.clear_failures(JANE, HOME)
    assert not lockout.state(JANE, STRANGER, at).is_open
    assert lockout.record_failure(JANE, HOME, at).is_open
    rows = {row.origin: row.failures for row in connection.execute(FailureCount.__table__.select())}
    assert rows == {STRANGER: 10, HOME: 1, "all": 1}


def test_addresses_are_counted_apart(lockout, fail, now):
    at = fail(10, now)
    assert lockout.state("john@example.com", HOME, at).is_open


def test_only_a_keyed_digest_of_the_address_is_stored(fail, connection, now):
    fail(1, now)
    for row in connection.execute(FailureCount.__table__.select()):
        assert JANE not in str(row)


def test_an_attempt_is_counted_before_its_password_is_looked_at(lockout, now):
    answers = [lockout.count_attempt(JANE, HOME, now) for _ in range(20)]
    assert [answer.status for answer in answers] == [Status.OPEN] * 5 + [Status.WAIT] * 15
    assert answers[-1].until == now + timedelta(seconds=5)


def test_the_failure_that_locks_is_told_once(lockout, fail, now):
    at = fail(8, now)
    ninth = lockout.state(JANE, HOME, at).until
    assert not lockout.record_failure(JANE, HOME, ninth).just_locked
    tenth = lockout.state(JANE, HOME, ninth).until
    assert lockout.record_failure(JANE, HOME, tenth).just_locked
    assert not lockout.record_failure(JANE, HOME, tenth).just_locked
    assert not lockout.record_failure(JANE, HOME, tenth + FIFTEEN_MINUTES).just_locked


def test_what_is_locked_is_what_unlocking_would_change(lockout, fail, now):
    at = fail(10, now, origin=STRANGER)
    assert lockout.is_locked(JANE, at)
    assert not lockout.is_locked(JANE, at + FIFTEEN_MINUTES)
    lockout.clear_failures(JANE)
    assert not lockout.is_locked(JANE, at)


def test_counts_that_no_rule_looks_at_are_deleted(lockout, fail, now, connection):
    fail(3, now)
    assert lockout.delete_old(now + timedelta(hours=12) - SECOND, 500) == 0
    assert lockout.delete_old(now + timedelta(hours=12), 500) == 1
    assert lockout.delete_old(now + timedelta(days=365), 500) == 1
    assert connection.execute(FailureCount.__table__.select()).all() == []


def test_a_hard_stop_is_never_forgotten(lockout, fail, now):
    at = now
    for number in range(9):
        at = fail(10, at, origin=origins.network(f"198.51.{number}.1"))
    years = at + timedelta(days=3650)
    lockout.delete_old(years, 500)
    assert lockout.state(JANE, HOME, years).status is Status.STOPPED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "192.0.2.254"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1"),
        ("192.0.2.1", "::ffff:192.0.2.77"),
    ],
)
def test_addresses_of_one_network_are_one_origin(one, other):
    assert origins.network(one) == origins.network(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("192.0.2.1", "192.0.3.1"), ("2001:db8:1:2::1", "2001:db8:1:3::1"), ("192.0.2.1", ""), ("", "unix:")],
)
def test_addresses_of_different_networks_are_different_origins(one, other):
    assert origins.network(one) != origins.network(other)


def test_no_network_can_pass_for_a_device():
    assert not origins.network("device:x").startswith("device:")
    assert len(origins.device("x" * 500)) <= 80
