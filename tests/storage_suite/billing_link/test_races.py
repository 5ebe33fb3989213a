"""Concurrent calls, on each database: an effect that must happen once happens once."""

import threading
from collections import Counter

import pytest
from billing_link.errors import Refusal, Refused
from billing_link.linking.account_reads.store import JoinedReads
from billing_link.linking.auto_link import AutoLink
from billing_link.linking.link_account import LinkAccount
from billing_link.linking.links import AutoLinkOutcome
from billing_link.linking.list_linked_accounts import ListLinkedAccounts
from billing_link.linking.resolve_account import ResolveAccount, TypedNumbers
from billing_link.tokens.caller import Caller

RIGHT = TypedNumbers("004215-01", "108734", remember=True)


@pytest.fixture
def resident(clock):
    """Return a function that makes callers."""
    return lambda subject, verified_email="jane@example.com": Caller(
        issuer="https://id.example.gov",
        subject=subject,
        city_id="pinellas-park",
        client_id="portal",
        session_id="",
        scopes=frozenset(),
        issued_at=clock.now(),
        expires_at=clock.now(),
        verified_email=verified_email,
        given_name="Jane",
        family_name="Example",
    )


@pytest.fixture
def resolve(storage, records, clock):
    return ResolveAccount(storage, records, JoinedReads(storage), LinkAccount(storage, records, clock), clock)


@pytest.fixture
def count(storage):
    """Return a function that counts rows."""

    def count(statement):
        with storage.autocommit() as connection:
            return connection.exec_driver_sql(statement).scalar_one()

    return count


def at_once(calls):
    """Run all calls at the same moment and return their outcomes."""
    start, outcomes = threading.Barrier(len(calls)), []

    def run(call):
        start.wait()
        outcomes.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(calls)
    return outcomes


def test_twenty_remembers_by_one_resident_make_one_link_and_one_notification(
    put_city, resolve, resident, count
):
    served = put_city()
    outcomes = at_once([lambda: resolve(resident("jane"), served, RIGHT)] * 20)
    assert len({outcome.link.link_id for outcome in outcomes}) == 1
    assert count("SELECT count(*) FROM links") == 1
    assert count("SELECT count(*) FROM notices") == 1
    assert count("SELECT count(*) FROM audit_events WHERE event = 'link_made'") == 1


def test_of_twenty_residents_one_gets_an_exclusive_account(put_city, resolve, resident, count):
    served = put_city(exclusive=True)
    outcomes = at_once([lambda n=n: resolve(resident(f"resident-{n}"), served, RIGHT) for n in range(20)])
    assert outcomes.count(Refused(Refusal.ALREADY_LINKED)) == 19
    assert count("SELECT count(*) FROM links") == 1


def test_ten_residents_of_one_account_are_each_notified_of_later_ones(put_city, resolve, resident, count):
    served = put_city()
    at_once([lambda n=n: resolve(resident(f"resident-{n}"), served, RIGHT) for n in range(10)])
    assert count("SELECT count(*) FROM links") == 10
    told = "SELECT count(*) FROM notices WHERE kind = 'utility_account_linked_by_other'"
    assert count(told) == sum(range(10))


def test_two_first_lists_auto_link_once(put_city, storage, records, clock, resident, count):
    served = put_city()
    list_linked = ListLinkedAccounts(JoinedReads(storage), AutoLink(storage, records, clock))
    listed = at_once([lambda: list_linked(resident("jane"), served.city)] * 2)
    assert [one.auto_link_outcome for one in listed] == [AutoLinkOutcome.LINKED] * 2
    assert all(len(one.accounts) == 1 for one in listed)
    assert count("SELECT count(*) FROM links") == 1
    assert count("SELECT count(*) FROM auto_links") == 1
    assert count("SELECT count(*) FROM notices") == 1


def test_of_residents_who_prove_one_address_at_once_one_is_linked(
    put_city, storage, records, clock, resident, count
):
    served = put_city()
    list_linked = ListLinkedAccounts(JoinedReads(storage), AutoLink(storage, records, clock))
    listed = at_once([lambda n=n: list_linked(resident(f"jane-{n}"), served.city) for n in range(6)])
    outcomes = Counter(one.auto_link_outcome for one in listed)
    assert outcomes == {AutoLinkOutcome.LINKED: 1, AutoLinkOutcome.NOT_TRIED: 5}
    assert count("SELECT count(*) FROM links") == 1


def test_of_twenty_wrong_guesses_no_more_than_allowed_learn_that_they_were_wrong(
    put_city, resolve, resident, count
):
    served = put_city()
    guesses = [
        TypedNumbers(f"00000{n % 10}-{n // 10 + 10}", f"9000{n:02}", remember=False) for n in range(20)
    ]
    outcomes = at_once([lambda g=guess: resolve(resident("guesser"), served, g) for guess in guesses])
    reasons = Counter(outcome.reason for outcome in outcomes)
    assert reasons == {Refusal.ACCOUNT_NOT_FOUND: 10, Refusal.TOO_MANY_ATTEMPTS: 10}


def test_of_twenty_wrong_guesses_at_one_customer_by_many_no_more_than_five_learn_it(
    put_city, resolve, resident
):
    served = put_city()
    outcomes = at_once(
        [
            lambda n=n: resolve(
                resident(f"guesser-{n}", verified_email=""),
                served,
                TypedNumbers(f"{n}-99", "108734", remember=False),
            )
            for n in range(20)
        ]
    )
    assert Counter(outcome.reason for outcome in outcomes)[Refusal.ACCOUNT_NOT_FOUND] == 5
