from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from billing_link.errors import Refusal, Refused
from billing_link.linking.links import Origin
from billing_link.linking.resolve_account import Resolved

NOT_FOUND = Refused(Refusal.ACCOUNT_NOT_FOUND)


def test_a_right_pair_finds_the_account_as_printed(served, verbs, resident, typed):
    outcome = verbs.resolve(resident(), served, typed("4215 \N{EN DASH} 1", "108734"))
    assert isinstance(outcome, Resolved)
    account = outcome.account
    assert (account.account_number, account.customer_id) == ("004215-01", "108734")
    assert (account.customer_name, account.service_address) == ("Jane Example", "7100 60th St N")
    assert (account.services, account.closed_on) == (("water", "sewer"), None)
    assert (account.statement.balance_cents, account.statement.due_on) == (7980, date(2026, 11, 26))
    assert outcome.link is None


def test_finding_without_remembering_leaves_no_trace(served, verbs, resident, typed, queued, rows):
    verbs.resolve(resident(), served, typed("004215-01", "108734"))
    assert rows("SELECT * FROM links") == []
    assert rows("SELECT * FROM attempts") == []
    assert queued() == []


@pytest.mark.parametrize(
    ("account", "customer"),
    [
        ("999999-01", "999999"),  # no such pair
        ("004215-01", "108735"),  # two numbers that exist, but not together
        ("003991-01", "107002"),  # ended
        ("not a number", "108734"),  # not in the city's format
        ("004215-01", "not a number"),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(served, verbs, resident, typed, account, customer):
    assert verbs.resolve(resident(), served, typed(account, customer)) == NOT_FOUND


@pytest.mark.parametrize(
    ("account", "customer", "field"),
    [("", "108734", "account_number"), ("004215-01", " ", "customer_id"), (" - ", "", "account_number")],
)
def test_an_empty_field_is_named_and_costs_no_attempt(
    served, verbs, resident, typed, rows, account, customer, field
):
    outcome = verbs.resolve(resident(), served, typed(account, customer))
    assert outcome == Refused(Refusal.FIELD_INVALID, {"field": field})
    assert rows("SELECT * FROM attempts") == []


def test_a_closed_account_is_found_until_its_time_has_passed(served, verbs, resident, typed, clock):
    closed = typed("003990-01", "107001")
    clock.advance(timedelta(days=2 * 365 - 240))
    found = verbs.resolve(resident(), served, closed)
    assert isinstance(found, Resolved)
    assert found.account.closed_on == date(2026, 3, 31)
    clock.advance(timedelta(days=240))
    assert verbs.resolve(resident(), served, closed) == NOT_FOUND


def test_a_linked_account_stays_readable_after_it_has_ended(served, verbs, resident, typed, clock):
    closed = typed("003990-01", "107001", remember=True)
    assert verbs.resolve(resident(), served, closed).link
    clock.advance(timedelta(days=5 * 365))
    again = verbs.resolve(resident(), served, closed)
    assert isinstance(again, Resolved)
    assert again.account.closed_on == date(2026, 3, 31)
    assert verbs.resolve(resident("another"), served, closed) == NOT_FOUND


class TestRemembering:
    def test_it_links_once_however_often_it_is_asked(
        self, served, verbs, resident, typed, queued, audited, clock
    ):
        first = verbs.resolve(resident(), served, typed("004215-01", "108734", remember=True))
        second = verbs.resolve(resident(), served, typed("4215-1", "108734", remember=True))
        assert first.link == second.link
        assert (first.link.origin, first.link.linked_at) == (Origin.RESIDENT, clock.now())
        assert first.link.undo_until is None
        assert audited().count("link_made") == 1
        assert [(n["kind"], n["subject"]) for n in queued()] == [("utility_account_linked", "jane")]

    def test_a_linked_account_shows_its_link_without_being_asked_again(self, served, verbs, resident, typed):
        linked = verbs.resolve(resident(), served, typed("004215-01", "108734", remember=True))
        found = verbs.resolve(resident(), served, typed("004215-01", "108734"))
        assert found.link == linked.link

    def test_every_resident_who_has_linked_the_account_is_notified_of_another(
        self, served, verbs, resident, typed, queued
    ):
        for subject in ("jane", "spouse", "landlord"):
            verbs.resolve(resident(subject), served, typed("004215-01", "108734", remember=True))
        told = [n["subject"] for n in queued() if n["kind"] == "utility_account_linked_by_other"]
        assert sorted(told) == ["jane", "jane", "spouse"]
        assert all(n["details"] == {"account_ending": "15-01"} for n in queued())

    def test_a_wrong_pair_links_nothing(self, served, verbs, resident, typed, queued, rows):
        assert verbs.resolve(resident(), served, typed("004215-01", "108735", remember=True)) == NOT_FOUND
        assert rows("SELECT * FROM links") == []
        assert queued() == []

    def test_a_city_may_let_only_one_resident_link(
        self, served, put_city, verbs, resident, typed, queued, audited
    ):
        exclusive = put_city(exclusive=True)
        right = typed("004215-01", "108734", remember=True)
        assert verbs.resolve(resident("first"), exclusive, right).link
        assert verbs.resolve(resident("second"), exclusive, right) == Refused(Refusal.ALREADY_LINKED)
        assert verbs.resolve(resident("first"), exclusive, right).link
        assert [n["subject"] for n in queued()] == ["first"]
        assert audited().count("link_refused") == 1

    def test_already_linked_is_returned_only_for_a_right_pair(self, served, put_city, verbs, resident, typed):
        exclusive = put_city(exclusive=True)
        verbs.resolve(resident("first"), exclusive, typed("004215-01", "108734", remember=True))
        wrong = typed("004215-01", "108735", remember=True)
        assert verbs.resolve(resident("second"), exclusive, wrong) == NOT_FOUND

    def test_a_city_may_switch_linking_off(self, served, put_city, verbs, resident, typed):
        off = put_city(linking=False)
        refused = verbs.resolve(resident(), off, typed("004215-01", "108734", remember=True))
        assert refused == Refused(Refusal.LINKING_DISABLED)
        assert isinstance(verbs.resolve(resident(), off, typed("004215-01", "108734")), Resolved)

    def test_a_city_may_link_all_accounts_of_the_customer(
        self, served, put_city, verbs, resident, typed, rows
    ):
        whole = put_city(whole_customer=True)
        verbs.resolve(resident(), whole, typed("004216-02", "108735", remember=True))
        linked = rows("SELECT account_number_key FROM links ORDER BY account_number_key")
        assert [row["account_number_key"] for row in linked] == ["004216-02", "004217-01"]

    def test_only_the_proven_pair_is_linked_otherwise(self, served, verbs, resident, typed, rows):
        verbs.resolve(resident(), served, typed("004216-02", "108735", remember=True))
        assert len(rows("SELECT * FROM links")) == 1

    def test_a_resident_has_a_hundred_links_at_most(self, served, import_records, verbs, resident, typed):
        numbers = [f"{number:06}" for number in range(500000, 500101)]
        import_records(served, *(f"account,{n}-01,{n},A Name,1 Main St,,active,,,,,,,,," for n in numbers))
        outcomes = [verbs.resolve(resident(), served, typed(f"{n}-01", n, remember=True)) for n in numbers]
        assert all(isinstance(outcome, Resolved) for outcome in outcomes[:100])
        assert outcomes[100] == Refused(Refusal.LINK_LIMIT_REACHED, {"limit": "100"})


class TestGuessing:
    def test_ten_failures_an_hour_are_allowed_to_a_resident(
        self, served, verbs, resident, typed, clock, audited
    ):
        for number in range(10):
            assert verbs.resolve(resident(), served, typed("004215-01", f"9000{number:02}")) == NOT_FOUND
            clock.advance(timedelta(minutes=1))
        refused = verbs.resolve(resident(), served, typed("004215-01", "900011"))
        assert refused == Refused(Refusal.TOO_MANY_ATTEMPTS, {"retry_after": str(50 * 60)})
        assert audited().count("attempts_used_up") == 1

    def test_the_wait_is_rounded_up_to_whole_minutes(self, served, verbs, resident, typed, clock):
        for number in range(10):
            verbs.resolve(resident(), served, typed("004215-01", f"9000{number:02}"))
        waits = []
        for seconds in (0, 1, 3540, 58):
            clock.advance(timedelta(seconds=seconds))
            refused = verbs.resolve(resident(), served, typed("004215-01", "900011"))
            waits.append(refused.details["retry_after"])
        assert waits == ["3600", "3600", "60", "60"]

    def test_above_the_limit_a_right_pair_is_refused_too(self, served, verbs, resident, typed):
        for number in range(10):
            verbs.resolve(resident(), served, typed("004215-01", f"9000{number:02}"))
        refused = verbs.resolve(resident(), served, typed("004215-01", "108734"))
        assert refused.reason is Refusal.TOO_MANY_ATTEMPTS

    def test_five_first_failures_an_hour_are_allowed_at_a_customer_id_to_all_residents_together(
        self, served, verbs, resident, typed
    ):
        for number in range(5):
            guess = typed(f"00000{number}-01", "108734")
            assert verbs.resolve(resident(f"resident-{number}"), served, guess) == NOT_FOUND
        refused = verbs.resolve(resident("sixth"), served, typed("004215-01", "108734"))
        assert refused.reason is Refusal.TOO_MANY_ATTEMPTS
        assert isinstance(verbs.resolve(resident("sixth"), served, typed("004216-02", "108735")), Resolved)

    @pytest.fixture
    def guessed(self, served, verbs, resident, typed):
        """Let one resident guess at a customer ID until they are refused."""

        def guess(subject="guesser"):
            outcomes = [
                verbs.resolve(resident(subject), served, typed(f"0000{number:02}-01", "108734"))
                for number in range(12)
            ]
            return outcomes.count(NOT_FOUND)

        return guess

    def test_one_resident_who_guesses_keeps_no_other_from_the_customer_id(
        self, served, verbs, resident, typed, guessed
    ):
        assert guessed() == 6
        again = verbs.resolve(resident("guesser"), served, typed("004215-01", "108734"))
        assert again.reason is Refusal.TOO_MANY_ATTEMPTS
        assert isinstance(verbs.resolve(resident("owner"), served, typed("004215-01", "108734")), Resolved)

    def test_a_burst_of_one_resident_uses_up_no_other_residents_first_attempt(
        self, served, verbs, resident, typed, guessed
    ):
        def guess(number):
            return verbs.resolve(resident("guesser"), served, typed(f"0000{number:02}-01", "108734"))

        with ThreadPoolExecutor(10) as pool:
            list(pool.map(guess, range(10)))
        assert isinstance(verbs.resolve(resident("owner"), served, typed("004215-01", "108734")), Resolved)

    def test_the_resident_whom_the_citys_records_name_is_never_refused_for_others(
        self, served, verbs, resident, typed, guessed
    ):
        for number in range(8):
            guessed(f"guesser-{number}")
        stranger = resident("stranger", verified_email="stranger@example.com")
        right = typed("004215-01", "108734")
        assert verbs.resolve(stranger, served, right).reason is Refusal.TOO_MANY_ATTEMPTS
        owner = resident("owner", verified_email="Jane@Example.com")
        assert verbs.resolve(owner, served, typed("000000-01", "108734")) == NOT_FOUND
        assert isinstance(verbs.resolve(owner, served, right), Resolved)
        # At a customer ID that is not theirs they are a stranger.
        for number in range(6):
            verbs.resolve(resident(f"other-{number}"), served, typed("000000-01", "108735"))
        elsewhere = resident("owner of another", verified_email="jane@example.com")
        refused = verbs.resolve(elsewhere, served, typed("004216-02", "108735"))
        assert refused.reason is Refusal.TOO_MANY_ATTEMPTS

    def test_their_own_guesses_are_limited_all_the_same(self, served, verbs, resident, typed):
        owner = resident("owner", verified_email="jane@example.com")
        outcomes = [
            verbs.resolve(owner, served, typed(f"0000{number:02}-01", "108734")) for number in range(12)
        ]
        assert outcomes.count(NOT_FOUND) == 10

    def test_what_is_linked_stays_readable(self, served, verbs, resident, typed, guessed):
        verbs.resolve(resident("owner"), served, typed("004215-01", "108734", remember=True))
        guessed("owner")
        assert isinstance(verbs.resolve(resident("owner"), served, typed("004215-01", "108734")), Resolved)

    def test_after_an_hour_one_may_try_again(self, served, verbs, resident, typed, clock, rows):
        for number in range(10):
            verbs.resolve(resident(), served, typed("004215-01", f"9000{number:02}"))
        clock.advance(timedelta(hours=1))
        assert isinstance(verbs.resolve(resident(), served, typed("004215-01", "108734")), Resolved)
        assert verbs.resolve(resident(), served, typed("004215-01", "900000")) == NOT_FOUND
        assert {row["failures"] for row in rows("SELECT failures FROM attempts WHERE failures <> 10")} == {1}

    def test_right_pairs_are_never_counted(self, served, verbs, resident, typed):
        for _ in range(15):
            assert isinstance(verbs.resolve(resident(), served, typed("004215-01", "108734")), Resolved)

    def test_a_number_out_of_format_counts_for_the_resident_alone(self, served, verbs, resident, typed):
        for _ in range(10):
            assert verbs.resolve(resident("clumsy"), served, typed("?", "?")) == NOT_FOUND
        assert verbs.resolve(resident("clumsy"), served, typed("?", "?")).reason is Refusal.TOO_MANY_ATTEMPTS
        assert verbs.resolve(resident("other"), served, typed("?", "?")) == NOT_FOUND

    def test_another_city_counts_by_itself(self, served, put_city, verbs, resident, typed):
        for number in range(10):
            verbs.resolve(resident(), served, typed("004215-01", f"9000{number:02}"))
        other = put_city(id="other-city")
        assert verbs.resolve(resident(), other, typed("004215-01", "900000")) == NOT_FOUND


def test_another_city_has_other_accounts(served, put_city, import_records, verbs, resident, typed):
    other = put_city(id="other-city")
    assert verbs.resolve(resident(), other, typed("004215-01", "108734")) == NOT_FOUND
    import_records(other, "account,004215-01,108734,Somebody Else,1 Main St,,active,,,,,,,,,")
    found = verbs.resolve(resident(), other, typed("004215-01", "108734"))
    assert found.account.customer_name == "Somebody Else"
    assert found.account.statement.balance_cents == 0
