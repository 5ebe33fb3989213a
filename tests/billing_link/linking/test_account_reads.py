"""What the calls read is the same in one statement and in several; the imported records take one."""

from datetime import timedelta

import pytest
from billing_link.billing_records.port import Pair
from billing_link.errors import Refusal, Refused
from billing_link.linking.account_reads.reads import Search
from billing_link.linking.account_reads.separate import SeparateReads
from billing_link.linking.attempts import attempt_keys
from billing_link.linking.links import AutoLinkOutcome, Resident
from billing_link.linking.resolve_account import Resolved
from sent_statements import sent_statements

OPEN, CLOSED, ENDED, WRONG = (
    Pair("004215-01", "108734"),
    Pair("003990-01", "107001"),
    Pair("003991-01", "107002"),
    Pair("004215-01", "999999"),
)


@pytest.fixture
def separate(storage, verbs):
    return SeparateReads(storage, verbs.records)


@pytest.fixture
def search(served, clock):
    """Return a function that makes a resident's search for a pair."""

    def make(subject, pair):
        resident = Resident(served.city.id, "https://id.example.gov", subject)
        keys = attempt_keys(resident.city_id, resident.issuer, subject, customer_id=pair.customer_id)
        return Search(resident, pair, keys, clock.now(), served.city.closed_after(clock.now().date()))

    return make


@pytest.fixture
def guess(served, verbs, resident, typed):
    """Return a function that has a resident guess so often at a customer ID."""

    def guess(subject, customer_id, times):
        for number in range(times):
            verbs.resolve(resident(subject), served, typed(f"0000{number:02}-01", customer_id))

    return guess


@pytest.mark.parametrize("pair", [OPEN, CLOSED, ENDED, WRONG])
@pytest.mark.parametrize("subject", ["jane", "linked", "guesser", "late"])
def test_a_search_finds_the_same_in_one_statement_and_in_two(
    served, verbs, reads, separate, search, guess, resident, typed, clock, pair, subject
):
    for numbers in (OPEN, CLOSED, ENDED):
        clock.advance(timedelta(minutes=1))
        verbs.resolve(resident("linked"), served, typed(*numbers, remember=True))
    guess("guesser", "999998", 5)
    guess("guesser", "999997", 5)
    for number in range(5):
        guess(f"another {number}", CLOSED.customer_id, 1)
    if subject == "late":
        clock.advance(timedelta(hours=1))
    found = reads.find_account(search(subject, pair))
    assert found == separate.find_account(search(subject, pair))
    assert (found.account is not None) == {
        "jane": pair == OPEN,
        "linked": pair in (OPEN, CLOSED),
        "guesser": False,
        "late": pair in (OPEN, CLOSED),
    }[subject]


def test_lists_and_single_accounts_are_the_same_too(served, verbs, reads, separate, resident, typed, storage):
    linked = [
        verbs.resolve(resident(), served, typed(*pair, remember=True)).link.link_id for pair in (OPEN, CLOSED)
    ]
    with storage.transaction() as tx:
        tx.exec_driver_sql("DELETE FROM utility_accounts WHERE account_number_key = '003990-01'")
    jane = Resident.of(resident(), served.city.id)
    assert reads.list_linked(jane) == separate.list_linked(jane)
    assert [one.link.link_id for one in reads.list_linked(jane).accounts] == linked[:1]
    for link_id in (*linked, "unknown"):
        assert reads.find_linked(jane, link_id) == separate.find_linked(jane, link_id)
    assert reads.find_linked(jane, linked[1]) is None


def test_above_a_limit_a_right_pair_is_not_even_read(served, reads, search, guess):
    guess("guesser", "999999", 6)
    guess("guesser", "999998", 4)
    right, wrong = (reads.find_account(search("guesser", pair)) for pair in (OPEN, Pair("1", "108734")))
    assert right == wrong
    assert right.account is None


class TestStatements:
    """Each is a round trip to the server; a transaction has two more."""

    @pytest.fixture
    def count(self):
        """Return a function that counts the statements of a call."""

        def count(call):
            with sent_statements() as sent:
                outcome = call()
            return len(sent), outcome

        return count

    def test_a_call_reads_in_one(self, served, verbs, resident, typed, count):
        verbs.list_linked(resident(), served.city)
        link = verbs.resolve(resident(), served, typed(*OPEN, remember=True)).link
        verbs.auto_link(resident(verified_email="nobody@example.com"), served.city)
        caller = resident(verified_email="nobody@example.com")
        sent, outcome = count(lambda: verbs.resolve(caller, served, typed(*OPEN)))
        assert (sent, type(outcome)) == (1, Resolved)
        sent, listed = count(lambda: verbs.list_linked(caller, served.city))
        assert (sent, len(listed.accounts)) == (1, 1)
        sent, _ = count(lambda: verbs.get_account(caller, served.city, link.link_id))
        assert sent == 1

    def test_right_and_wrong_pairs_take_as_many_above_the_limit(
        self, served, verbs, resident, typed, guess, count
    ):
        guess("guesser", "999999", 6)
        guess("guesser", "999998", 4)
        for pair in (OPEN, WRONG, ENDED):
            sent, outcome = count(lambda p=pair: verbs.resolve(resident("guesser"), served, typed(*p)))
            assert (sent, outcome.reason) == (1, Refusal.TOO_MANY_ATTEMPTS)

    def test_a_link_and_a_first_list_add_their_rows_together(
        self, served, verbs, resident, typed, storage, count
    ):
        # SQLite needs no locks, but has BEGIN among its statements, and adds each row by itself.
        linking, first_list = (6, 12) if storage.is_sqlite else (4, 7)
        sent, _ = count(lambda: verbs.resolve(resident("new"), served, typed(*OPEN, remember=True)))
        assert sent == linking
        caller = resident("first", verified_email="jane@example.com")
        sent, listed = count(lambda: verbs.list_linked(caller, served.city))
        assert (sent, listed.auto_link_outcome, len(listed.accounts)) == (
            first_list,
            AutoLinkOutcome.LINKED,
            1,
        )


def test_records_elsewhere_serve_every_call(served, verbs, separate, resident, typed):
    verbs.resolve._reads = verbs.list_linked._reads = verbs.get_account._reads = separate  # noqa: SLF001 - the composition's choice
    link = verbs.resolve(resident(), served, typed(*OPEN, remember=True)).link
    listed = verbs.list_linked(resident(verified_email="jane@example.com"), served.city)
    assert [one.link for one in listed.accounts] == [link]
    assert verbs.get_account(resident(), served.city, link.link_id) == listed.accounts[0]
    wrong = [verbs.resolve(resident("guesser"), served, typed(*WRONG)) for _ in range(7)]
    assert wrong[0] == Refused(Refusal.ACCOUNT_NOT_FOUND)
    assert wrong[6].reason is Refusal.TOO_MANY_ATTEMPTS
