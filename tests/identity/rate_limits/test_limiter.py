from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.rate_limits.limiter import Action, Limit, RateLimiter
from identity.rate_limits.models import RequestCount
from identity.rate_limits.store import RequestCounts
from identity.secret_keys import SecretKeys

MINUTE = timedelta(minutes=1)


@pytest.fixture
def rate_limiter(storage, clock, secret_keys):
    limits = dict.fromkeys(Action, Limit(3, MINUTE))
    return RateLimiter(storage, clock, secret_keys, limits)


def test_so_many_in_a_window_and_no_more(rate_limiter):
    answers = [rate_limiter.network_waits(Action.SIGN_IN, "203.0.113.7") for _ in range(5)]
    assert answers == [0, 0, 0, 60, 60]


def test_a_new_window_begins_afresh(rate_limiter, clock):
    for _ in range(5):
        rate_limiter.network_waits(Action.SIGN_IN, "203.0.113.7")
    clock.advance(timedelta(seconds=59))
    assert rate_limiter.network_waits(Action.SIGN_IN, "203.0.113.7")
    clock.advance(timedelta(seconds=1))
    assert not rate_limiter.network_waits(Action.SIGN_IN, "203.0.113.7")


@pytest.mark.parametrize(
    ("passed", "minutes"), [(0, 60), (1, 60), (60, 59), (48 * 60, 12), (3599, 1)], ids=str
)
def test_the_wait_is_the_rest_of_the_window_in_whole_minutes(storage, clock, secret_keys, passed, minutes):
    """Rounded up, so that a neighbour of the network does not read when another one began."""
    hourly = RateLimiter(storage, clock, secret_keys, {Action.MAIL: Limit(1, timedelta(hours=1))})
    hourly.network_waits(Action.MAIL, "203.0.113.7")
    clock.advance(timedelta(seconds=passed))
    assert hourly.network_waits(Action.MAIL, "203.0.113.7") == minutes * 60


def test_each_network_and_each_action_counts_for_itself(rate_limiter):
    for _ in range(4):
        rate_limiter.network_waits(Action.SIGN_IN, "203.0.113.7")
    assert not rate_limiter.network_waits(Action.SIGN_IN, "203.0.113.8")
    assert not rate_limiter.network_waits(Action.SIGN_UP, "203.0.113.7")


def test_the_addresses_of_one_ipv6_network_count_together(rate_limiter):
    for last in range(3):
        rate_limiter.network_waits(Action.SIGN_IN, f"2001:db8:1:2::{last}")
    assert rate_limiter.network_waits(Action.SIGN_IN, "2001:db8:1:2:ffff::1")
    assert not rate_limiter.network_waits(Action.SIGN_IN, "2001:db8:1:3::1")


def test_an_ipv4_address_counts_as_itself_in_every_form(rate_limiter):
    """A socket that takes both protocols writes IPv4 as IPv6 (RFC 4291 §2.5.5.2)."""
    for form in ("203.0.113.7", "::ffff:203.0.113.7", "203.0.113.7:49152"):
        assert not rate_limiter.network_waits(Action.SIGN_IN, form)
    assert rate_limiter.network_waits(Action.SIGN_IN, "203.0.113.7")
    assert not rate_limiter.network_waits(Action.SIGN_IN, "::ffff:203.0.113.8")


def test_neither_network_nor_address_is_stored_in_clear(rate_limiter, storage):
    rate_limiter.allows(Action.MAIL_HINT, "pat@example.com")
    rate_limiter.network_waits(Action.SIGN_IN, "203.0.113.7")
    with storage.transaction() as tx:
        assert all(len(row.asker) == 64 for row in tx.query(RequestCount))


def test_requests_at_the_same_moment_are_all_counted(storage, now):
    def count(_):
        with storage.autocommit() as connection:
            return RequestCounts(connection).count_request("sign_in", "jane", MINUTE, now).requests

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(count, range(24))) == list(range(1, 25))


def test_old_counters_are_cleaned_away(rate_limiter, storage, clock):
    for number in range(5):
        rate_limiter.network_waits(Action.SIGN_IN, f"203.0.113.{number}")
    clock.advance(MINUTE)
    with storage.autocommit() as connection:
        assert RequestCounts(connection).delete_old(clock.now(), 3) == 3
        assert RequestCounts(connection).delete_old(clock.now(), 3) == 2


def test_the_first_request_over_a_limit_is_recorded_and_each_is_counted(storage, clock, secret_keys, now):
    refused: list[str] = []
    limits = dict.fromkeys(Action, Limit(3, MINUTE))
    limiter = RateLimiter(storage, clock, secret_keys, limits, refused=refused.append)
    for _ in range(6):
        limiter.network_waits(Action.SIGN_IN, "203.0.113.7")
    assert refused == ["sign_in"] * 3
    with storage.autocommit() as connection:
        (event,) = Audit(connection).list_events([Event.LIMIT_EXCEEDED], now, 10)
    assert (event.ip_address, event.details) == ("203.0.113.7", {"action": "sign_in"})


def test_a_count_goes_on_when_the_key_is_replaced(storage, clock):
    old, new = (f"{name}{'-' * 32}" for name in ("old", "new"))
    limits = dict.fromkeys(Action, Limit(3, MINUTE))

    def allows(*keys: str):
        limiter = RateLimiter(storage, clock, SecretKeys(keys), limits)
        return not limiter.network_waits(Action.SIGN_IN, "203.0.113.7")

    assert [allows(old), allows(new, old), allows(new), allows(new, old)] == [True, True, True, False]
    assert not allows(new)


def test_a_mail_that_is_not_sent_again_is_no_refusal(storage, clock, secret_keys, now):
    refused: list[str] = []
    limits = dict.fromkeys(Action, Limit(1, MINUTE))
    limiter = RateLimiter(storage, clock, secret_keys, limits, refused=refused.append)
    for action in (Action.MAIL_AGAIN, Action.MAIL_HINT, Action.SIGN_IN_CODE):
        assert [limiter.allows(action, "jane") for _ in range(3)] == [True, False, False]
    with storage.autocommit() as connection:
        assert list(Audit(connection).list_events([Event.LIMIT_EXCEEDED], now, 10)) == []
    assert refused == []
