from datetime import timedelta

import pytest
from identity.residents.lockout import origins, rules
from identity.residents.lockout.models import FailureCount
from identity.residents.lockout.rules import OriginClass
from identity.residents.lockout.store import Lockout, Status
from identity.secret_keys import SecretKeys
from identity.storage import table_of
from sqlalchemy import update

JANE = "jane@example.com"
HOME = origins.network("192.0.2.17")
STRANGER = origins.network("198.51.100.1")
DEVICE = origins.device("the-device-of-jane")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
FIFTEEN_MINUTES = timedelta(minutes=15)
COUNTS = table_of(FailureCount)


def other_network(number):
    return origins.network(f"10.{number // 250}.{number % 250}.1")


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
            at = lockout.state(email_key, origin, at).until or at
            lockout.count_attempt(email_key, origin, at)
        return at

    return fail


@pytest.fixture
def fail_elsewhere(lockout):
    """Return a function that fails so often, each time from another network, and counts what was open."""

    def fail(times, at, email_key=JANE):
        return sum(
            lockout.count_attempt(email_key, other_network(number), at).is_open for number in range(times)
        )

    return fail


@pytest.fixture
def rows(connection):
    """Return a function that reads the counters, by origin."""
    return lambda: {row.origin: row for row in connection.execute(COUNTS.select())}


def sign_in(lockout, origin, at):
    state = lockout.count_attempt(JANE, origin, at)
    assert state.is_open
    lockout.record_sign_in(JANE, origin, state.origin_class, at)


def test_no_address_starts_locked(lockout, now):
    assert lockout.state(JANE, HOME, now).is_open
    assert lockout.worst_status(JANE, now) is Status.OPEN


def test_four_failures_cost_nothing(lockout, fail, now):
    fail(4, now)
    assert lockout.state(JANE, HOME, now).is_open
    assert lockout.worst_status(JANE, now) is Status.OPEN


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
        assert lockout.count_attempt(JANE, HOME, at + SECOND).until == at + timedelta(seconds=5)
    # The next one that counts is the sixth.
    at += timedelta(seconds=5)
    assert lockout.count_attempt(JANE, HOME, at).is_open
    assert lockout.state(JANE, HOME, at).until == at + timedelta(seconds=10)


def test_twelve_hours_without_a_failure_start_the_count_afresh(lockout, fail, now):
    at = fail(10, now) + timedelta(hours=12)
    fail(4, at)
    assert lockout.state(JANE, HOME, at).is_open
    fail(1, at)
    assert lockout.state(JANE, HOME, at).until == at + timedelta(seconds=5)


def test_a_stranger_elsewhere_delays_neither_the_home_nor_the_device(lockout, fail, now):
    at = fail(30, now, origin=STRANGER)
    assert not lockout.state(JANE, STRANGER, at).is_open
    assert lockout.state(JANE, HOME, at).is_open
    assert lockout.state(JANE, DEVICE, at).is_open


def test_a_stranger_in_the_same_network_does_not_delay_the_device(lockout, fail, now):
    at = fail(30, now, origin=HOME)
    assert not lockout.state(JANE, HOME, at).is_open
    assert lockout.state(JANE, DEVICE, at).is_open


class TestAStop:
    def test_the_numbers_are_a_hundred_together(self):
        assert sum(each.stops_at for each in OriginClass) == 100

    def test_strangers_stop_strangers_and_neither_a_known_network_nor_a_device(
        self, lockout, fail_elsewhere, now
    ):
        sign_in(lockout, HOME, now)
        assert fail_elsewhere(200, now) == 50
        assert lockout.count_attempt(JANE, STRANGER, now).status is Status.STOPPED
        assert lockout.worst_status(JANE, now) is Status.STOPPED
        assert lockout.count_attempt(JANE, HOME, now).is_open
        assert lockout.count_attempt(JANE, DEVICE, now).is_open

    def test_failures_in_a_known_network_stop_no_stranger_and_no_device(self, lockout, fail, now):
        sign_in(lockout, HOME, now)
        at = fail(30, now)
        state = lockout.state(JANE, HOME, at + FIFTEEN_MINUTES)
        assert (state.status, state.origin_class) == (Status.STOPPED, OriginClass.NETWORKS)
        assert lockout.state(JANE, STRANGER, at).is_open
        assert lockout.state(JANE, DEVICE, at).is_open

    def test_failures_on_devices_stop_devices_alone(self, lockout, fail, now):
        sign_in(lockout, HOME, now)
        at = fail(20, now, origin=DEVICE)
        state = lockout.state(JANE, DEVICE, at + FIFTEEN_MINUTES)
        assert (state.status, state.origin_class) == (Status.STOPPED, OriginClass.DEVICES)
        assert lockout.state(JANE, HOME, at).is_open
        assert lockout.state(JANE, STRANGER, at).is_open

    def test_one_failure_is_forgiven_each_day(self, lockout, fail_elsewhere, now):
        assert fail_elsewhere(60, now) == 50
        assert [fail_elsewhere(60, now + day * DAY) for day in (1, 2, 5, 6)] == [1, 1, 3, 1]

    def test_a_year_gives_strangers_no_more_than_a_guess_a_day_beside_the_first_fifty(
        self, lockout, fail_elsewhere, now
    ):
        guesses = sum(fail_elsewhere(55, now + day * DAY) for day in range(60))
        assert guesses == 50 + 59

    def test_what_is_not_guessed_at_is_forgotten(self, lockout, fail_elsewhere, now, rows):
        fail_elsewhere(50, now)
        at = now + 50 * DAY
        assert lockout.state(JANE, STRANGER, at).is_open
        assert fail_elsewhere(60, at) == 50

    def test_the_owner_at_home_gives_strangers_no_new_guesses(self, lockout, fail_elsewhere, now):
        sign_in(lockout, HOME, now)
        fail_elsewhere(50, now)
        sign_in(lockout, HOME, now)
        sign_in(lockout, DEVICE, now)
        assert fail_elsewhere(60, now) == 0

    def test_a_reset_ends_it(self, lockout, fail_elsewhere, now):
        fail_elsewhere(50, now)
        lockout.clear_failures(JANE)
        for origin in (DEVICE, HOME, STRANGER):
            assert lockout.state(JANE, origin, now).is_open

    def test_the_owner_is_told_once_a_week(self, lockout, now):
        told = [
            day
            for day in range(30)
            for number in range(52)
            if lockout.count_attempt(JANE, other_network(number), now + day * DAY).just_stopped
        ]
        assert told == [0, 7, 14, 21, 28]


def test_a_sign_in_clears_its_origin_and_its_class_but_no_strangers_wait(lockout, fail, rows, now):
    at = fail(10, now, origin=STRANGER)
    fail(4, at)
    lockout.record_sign_in(JANE, HOME, OriginClass.STRANGERS, at)
    assert not lockout.state(JANE, STRANGER, at).is_open
    assert {name: row.failures for name, row in rows().items()} == {STRANGER: 10, HOME: 0, "strangers": 0}


def test_a_network_is_known_for_ninety_days_after_a_sign_in(lockout, now):
    sign_in(lockout, HOME, now)
    later = now + timedelta(days=90)
    assert lockout.state(JANE, HOME, later - SECOND).origin_class is OriginClass.NETWORKS
    assert lockout.state(JANE, HOME, later).origin_class is OriginClass.STRANGERS
    assert lockout.state(JANE, STRANGER, now).origin_class is OriginClass.STRANGERS


def test_unlocking_ends_every_wait_and_keeps_the_networks_known(lockout, fail, now):
    sign_in(lockout, HOME, now)
    at = fail(10, now, origin=STRANGER)
    at = fail(10, at)
    lockout.unlock(JANE)
    assert lockout.state(JANE, STRANGER, at).is_open
    home = lockout.state(JANE, HOME, at)
    assert (home.is_open, home.origin_class) == (True, OriginClass.NETWORKS)


def test_addresses_are_counted_apart(lockout, fail, now):
    at = fail(10, now)
    assert lockout.state("john@example.com", HOME, at).is_open


def test_only_a_keyed_digest_of_the_address_is_stored(fail, connection, now):
    fail(1, now)
    for row in connection.execute(COUNTS.select()):
        assert JANE not in str(row)


def test_an_attempt_is_counted_before_its_password_is_looked_at(lockout, now):
    answers = [lockout.count_attempt(JANE, HOME, now) for _ in range(20)]
    assert [answer.status for answer in answers] == [Status.OPEN] * 5 + [Status.WAIT] * 15
    assert answers[-1].until == now + timedelta(seconds=5)


def test_the_failure_that_locks_is_told_once(lockout, now):
    told, at = [], now
    for _ in range(12):
        at = lockout.state(JANE, HOME, at).until or at
        told.append(lockout.count_attempt(JANE, HOME, at).just_locked)
    assert [number for number, is_told in enumerate(told, 1) if is_told] == [10]


def test_what_is_locked_is_what_unlocking_would_change(lockout, fail, now):
    at = fail(10, now, origin=STRANGER)
    assert lockout.worst_status(JANE, at) is Status.WAIT
    assert lockout.worst_status(JANE, at + FIFTEEN_MINUTES) is Status.OPEN
    lockout.clear_failures(JANE)
    assert lockout.worst_status(JANE, at) is Status.OPEN


def test_counts_that_no_rule_looks_at_are_deleted(lockout, fail, now, rows):
    fail(3, now)
    lockout.delete_old(now + timedelta(hours=12) - SECOND, 500)
    assert set(rows()) == {HOME, "strangers"}
    lockout.delete_old(now + timedelta(hours=12), 500)
    assert set(rows()) == {"strangers"}
    lockout.delete_old(now + 2 * DAY, 500)
    assert set(rows()) == {"strangers"}
    lockout.delete_old(now + 3 * DAY, 500)
    assert rows() == {}


def test_a_known_network_is_kept_as_long_as_it_is_known(lockout, now, rows):
    sign_in(lockout, HOME, now)
    sign_in(lockout, DEVICE, now)
    lockout.delete_old(now + timedelta(days=89), 500)
    assert set(rows()) == {HOME}
    lockout.delete_old(now + timedelta(days=90), 500)
    assert rows() == {}


class TestKeysAreReplaced:
    """Taking the oldest key out forgets no counter that was touched since the new one came."""

    @pytest.fixture
    def under(self, connection):
        """Return a function from keys, newest first, to the counters of a service that has them."""
        return lambda *names: Lockout(connection, SecretKeys([f"{name}{'-' * 32}" for name in names]))

    def test_a_count_goes_on_under_the_new_key_and_stays_without_the_old_one(self, under, now, rows):
        for number in range(49):
            under("old").count_attempt(JANE, other_network(number), now)
        both = under("new", "old")
        assert both.state(JANE, STRANGER, now).is_open
        assert both.count_attempt(JANE, STRANGER, now).is_open
        assert both.count_attempt(JANE, HOME, now).status is Status.STOPPED
        assert under("new").state(JANE, HOME, now).status is Status.STOPPED
        assert len(rows()) == 52

    def test_a_wait_that_nothing_touched_is_seen_with_both_keys(self, under, now):
        for _ in range(5):
            under("old").count_attempt(JANE, HOME, now)
        both = under("new", "old")
        assert both.state(JANE, HOME, now).status is Status.WAIT
        assert both.worst_status(JANE, now) is Status.WAIT
        assert both.count_attempt(JANE, HOME, now).status is Status.WAIT

    def test_clearing_clears_what_either_key_made(self, under, now, rows):
        under("old").count_attempt(JANE, HOME, now)
        under("new").count_attempt(JANE, HOME, now)
        under("new", "old").clear_failures(JANE)
        assert rows() == {}

    def test_two_counts_of_one_origin_are_no_fault(self, under, now):
        under("old").count_attempt(JANE, HOME, now)
        under("new").count_attempt(JANE, HOME, now)
        assert under("new", "old").count_attempt(JANE, HOME, now).is_open

    def test_what_an_older_key_made_is_counted_with_its_end(self, under, connection, now):
        under("old").count_attempt(JANE, HOME, now)
        under("old").count_attempt("john@example.com", HOME, now)
        both = under("new", "old")
        assert both.of_older_keys().rows == 4
        both.count_attempt(JANE, HOME, now)
        old = both.of_older_keys()
        assert old.rows == 2
        # One failure of the class is forgiven at the end of the day; the wait of the origin before.
        assert now + timedelta(hours=12) <= old.end <= now + timedelta(days=1)
        both.count_attempt("john@example.com", HOME, now)
        assert (both.of_older_keys().rows, both.of_older_keys().end) == (0, None)

    def test_a_row_of_the_release_before_is_of_an_older_key(self, under, connection, now):
        under("old").count_attempt(JANE, HOME, now)
        connection.execute(update(COUNTS).values(key_id=None))
        assert under("old").of_older_keys().rows == 2


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
