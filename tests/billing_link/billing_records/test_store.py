from datetime import date

import pytest
from billing_link.billing_records.port import Pair
from sent_statements import sent_statements

PAIR = Pair("004215-01", "108734")


@pytest.fixture
def fourteen_bills(put_city, import_records):
    """Return a city with an account whose first of fourteen bills was never paid."""
    city = put_city()
    lines = ["account,004215-01,108734,Jane Example,7100 60th St N,,active,,water,,,,,,,"]
    for month in range(14):
        year, month_of_year = 2025 + month // 12, month % 12 + 1
        day = f"{year}-{month_of_year:02}"
        lines.append(f"entry,004215-01,108734,,,,,,,B{month},bill,{day}-05,{day}-26,50.00,bill-{month},")
        if month:
            lines.append(f"entry,004215-01,108734,,,,,,,P{month},payment,{day}-20,,-50.00,,")
    import_records(city, *lines)
    return city.city


def test_the_balance_is_the_whole_ledgers_not_that_of_the_bills_shown(fourteen_bills, verbs):
    statement = verbs.records.find_account(fourteen_bills.id, PAIR, closed_after=None).statement
    assert statement.balance_cents == 5000
    assert [bill.bill_number for bill in statement.recent_bills] == [f"bill-{n}" for n in range(13, 1, -1)]
    assert statement.last_payment.paid_on == date(2026, 2, 20)


def test_an_account_and_a_list_of_accounts_are_read_in_one_statement_each(served, verbs):
    with sent_statements() as statements:
        one = verbs.records.find_account(served.city.id, PAIR, closed_after=None)
        many = verbs.records.find_accounts(
            served.city.id, [PAIR, Pair("004216-02", "108735"), Pair("1", "2")]
        )
    assert len(statements) == 2
    assert many[PAIR] == one
    assert set(many) == {PAIR, Pair("004216-02", "108735")}


def test_the_pairs_of_a_customer_leave_out_those_that_ended(served, verbs):
    ended = verbs.records.pairs_of_customer(served.city.id, "107001", closed_after=date(2026, 3, 31))
    assert ended == []
    closed = verbs.records.pairs_of_customer(served.city.id, "107001", closed_after=date(2026, 3, 30))
    assert closed == [Pair("003990-01", "107001")]
