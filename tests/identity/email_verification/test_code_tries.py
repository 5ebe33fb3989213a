"""Failures at mailed codes in breadth: over registrations, addresses and networks."""

from datetime import timedelta

import pytest
from identity.audit.models import AuditEvent
from identity.email_verification.code_tries import CodeTries
from identity.rate_limits.limiter import RateLimiter, limits
from identity.storage import table_of

JANE = "jane@example.com"


@pytest.fixture
def limiter(storage, clock, secret_keys, checked_settings):
    return RateLimiter(storage, clock, secret_keys, limits(checked_settings))


@pytest.fixture
def tries(limiter):
    return CodeTries("verify", limiter)


def claimed(tries, address, ip_addresses):
    """Return how many tries are allowed, one from each IP address."""
    return sum(tries.claim_try(address, ip_address) for ip_address in ip_addresses)


def test_one_class_of_networks_gets_twenty_for_an_address(tries, clock):
    assert claimed(tries, JANE, (f"192.0.2.{n}" for n in range(30))) == 20
    assert claimed(tries, JANE, (f"2001:db8:1:{n:x}::1" for n in range(30))) == 20
    assert claimed(tries, JANE, ["2001:db8:2::1", "192.0.3.1"]) == 2
    clock.advance(timedelta(days=1))
    assert claimed(tries, JANE, ["192.0.2.9"]) == 1


def test_an_address_gets_a_hundred_from_all_networks_together(tries):
    assert claimed(tries, JANE, (f"10.{n}.0.1" for n in range(200))) == 100
    assert claimed(tries, "john@example.com", ["10.1.0.1"]) == 1


def test_a_class_that_is_stopped_uses_up_nothing_of_the_address(tries):
    assert claimed(tries, JANE, ["192.0.2.1"] * 300) == 20
    assert claimed(tries, JANE, (f"10.{n}.0.1" for n in range(200))) == 80


def test_a_class_of_networks_gets_a_hundred_an_hour_for_all_addresses(tries, clock):
    addresses = [f"resident{n}@example.com" for n in range(150)]
    assert sum(tries.claim_try(address, f"192.0.2.{n}") for n, address in enumerate(addresses)) == 100
    assert tries.claim_try(addresses[-1], "192.0.3.1")
    clock.advance(timedelta(hours=1))
    assert tries.claim_try(addresses[-1], "192.0.2.1")


def test_right_codes_count_nowhere(tries):
    for _ in range(150):
        assert tries.claim_try(JANE, "192.0.2.1")
        tries.give_back_try(JANE, "192.0.2.1")


def test_a_stranger_who_registers_an_address_uses_up_nothing_of_its_change(tries, limiter):
    claimed(tries, JANE, (f"10.{n}.0.1" for n in range(200)))
    claimed(tries, JANE, ["10.1.0.1"] * 200)
    assert CodeTries("change", limiter).claim_try(JANE, "10.1.0.1")


def test_a_count_that_is_used_up_is_in_the_audit_once_and_without_a_name(tries, storage):
    claimed(tries, JANE, ["192.0.2.1"] * 30)
    with storage.autocommit() as connection:
        (event,) = connection.execute(table_of(AuditEvent).select()).all()
    assert (event.event, event.details) == ("limit_exceeded", {"action": "code_for_address_from_network"})
    assert "jane" not in str(event)
