"""The sample city's records are the same everywhere, and hold the accounts that `make run` prints."""

import csv
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest

from deploy.local.sample_city import accounts, records

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return made_on(TODAY)


def made_on(day: date) -> list[dict[str, str]]:
    file = StringIO()
    records.write(file, day)
    file.seek(0)
    return list(csv.DictReader(file))


def balances(rows: list[dict[str, str]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["record"] == "entry":
            total[row["account_number"]] += Decimal(row["amount"])
    return total


def test_it_is_the_same_each_time(rows: list[dict[str, str]]) -> None:
    assert made_on(TODAY) == rows


def test_a_file_of_the_next_month_repeats_the_earlier_months(rows: list[dict[str, str]]) -> None:
    later = {row["entry_id"]: row for row in made_on(date(2026, 12, 23)) if row["record"] == "entry"}
    shared = [row for row in rows if row["entry_id"] in later]

    assert len(shared) > 7000
    assert all(later[row["entry_id"]] == row for row in shared)


def test_keys_are_unique(rows: list[dict[str, str]]) -> None:
    pairs = Counter((row["account_number"], row["customer_id"]) for row in rows if row["record"] == "account")
    entries = Counter(row["entry_id"] for row in rows if row["record"] == "entry")

    assert len(pairs) == accounts.COUNT
    assert set(pairs.values()) == {1}
    assert set(entries.values()) == {1}


def test_an_active_account_has_a_bill_for_each_month(rows: list[dict[str, str]]) -> None:
    number = accounts.TO_FIND.account_number
    bills = [row for row in rows if row["account_number"] == number and row["kind"] == "bill"]

    assert len(bills) >= 14
    assert len({row["posted_on"][:7] for row in bills}) == len(bills)


@pytest.mark.parametrize("day", [date(2026, 11, 1), date(2026, 12, 15), date(2027, 2, 28)])
def test_the_accounts_to_try_are_what_they_are_said_to_be(day: date) -> None:
    made = made_on(day)
    owed = balances(made)
    due = {
        row["account_number"]: row["due_on"]
        for row in made
        if row["kind"] == "bill" and row["due_on"] < day.isoformat()
    }

    assert owed[accounts.TO_FIND.account_number] > 0
    assert owed[accounts.PAST_DUE.account_number] > 100
    assert accounts.PAST_DUE.account_number in due
    assert owed[accounts.SHARED_SHOP.account_number] < owed[accounts.PAST_DUE.account_number]
    assert owed[accounts.CLOSED.account_number] == 0


def test_some_accounts_have_a_credit(rows: list[dict[str, str]]) -> None:
    assert any(balance < 0 for balance in balances(rows).values())


def test_one_email_matches_one_account_and_another_two(rows: list[dict[str, str]]) -> None:
    registered = Counter(row["email"] for row in rows if row["record"] == "registration")

    assert registered[accounts.AUTO_LINKED.email] == 1
    assert registered[accounts.AMBIGUOUS[0].email] == 2
    assert {email.rpartition("@")[2] for email in registered} == {"example.com"}
