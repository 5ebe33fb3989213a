from datetime import date, timedelta

import pytest
from billing_link.billing_records.statement import Entry, EntryKind, Payment, compute_statement
from hypothesis import given
from hypothesis import strategies as st

FIRST = date(2025, 1, 5)


def bill(month: int, cents: int = 5000) -> Entry:
    posted = FIRST + timedelta(days=30 * month)
    return Entry(posted, f"B{month:03}", EntryKind.BILL, cents, posted + timedelta(days=21), f"bill-{month}")


def payment(month: int, cents: int = -5000) -> Entry:
    return Entry(FIRST + timedelta(days=30 * month + 10), f"P{month:03}", EntryKind.PAYMENT, cents, None, "")


def adjustment(month: int, cents: int) -> Entry:
    return Entry(
        FIRST + timedelta(days=30 * month + 5), f"A{month:03}", EntryKind.ADJUSTMENT, cents, None, ""
    )


def test_an_unpaid_fourteenth_bill_is_in_the_balance_though_it_is_not_shown():
    unpaid_first = [bill(0), *(entry for month in range(1, 14) for entry in (bill(month), payment(month)))]
    statement = compute_statement(unpaid_first)
    assert len(statement.recent_bills) == 12
    assert "bill-0" not in [bill.bill_number for bill in statement.recent_bills]
    assert statement.balance_cents == 5000


def test_fourteen_unpaid_bills_are_all_owed_since_the_first():
    statement = compute_statement(bill(month) for month in range(14))
    assert (statement.balance_cents, statement.due_on) == (14 * 5000, bill(0).due_on)


def test_an_empty_ledger_owes_nothing():
    statement = compute_statement([])
    assert (statement.balance_cents, statement.due_on, statement.last_payment, statement.recent_bills) == (
        0,
        None,
        None,
        (),
    )


@pytest.mark.parametrize(
    ("entries", "balance", "due_month"),
    [
        ([bill(0), payment(0)], 0, None),
        ([bill(0), payment(0, -4999)], 1, 0),
        ([bill(0), bill(1), payment(1)], 5000, 1),
        ([bill(0), bill(1), payment(1, -7500)], 2500, 1),
        ([bill(0), payment(0, -9000)], -4000, None),
        ([bill(0), payment(0, -9000), bill(1)], 1000, 1),
        ([bill(0), adjustment(0, -5000)], 0, None),
        ([bill(0), adjustment(0, -1000)], 4000, 0),
        ([adjustment(0, 700), bill(1), payment(1)], 700, 1),
        ([bill(0), payment(0), adjustment(1, 700)], 700, None),
        ([bill(0, 0), bill(1)], 5000, 1),
    ],
)
def test_payments_cover_the_oldest_bills_first(entries, balance, due_month):
    statement = compute_statement(entries)
    due = None if due_month is None else bill(due_month).due_on
    assert (statement.balance_cents, statement.due_on) == (balance, due)


def test_the_last_payment_is_shown_as_a_positive_amount():
    paid = compute_statement([payment(1, -300), bill(0), payment(0, -200)]).last_payment
    assert paid == Payment(payment(1).posted_on, 300)


def test_bills_are_shown_newest_first():
    assert [b.bill_number for b in compute_statement([bill(1), bill(3), bill(2)]).recent_bills] == [
        "bill-3",
        "bill-2",
        "bill-1",
    ]


kinds = st.sampled_from([(bill, 1), (payment, -1)])


@given(
    st.lists(
        st.tuples(kinds, st.integers(0, 60), st.integers(1, 10**9)),
        max_size=40,
        unique_by=lambda e: (e[0][0], e[1]),
    ),
    st.randoms(),
)
def test_the_balance_is_the_sum_in_any_order_and_due_exactly_when_owed(made, random):
    entries = [make(month, sign * cents) for (make, sign), month, cents in made]
    random.shuffle(entries)
    statement = compute_statement(entries)
    assert statement.balance_cents == sum(entry.amount_cents for entry in entries)
    assert (statement.due_on is not None) == (statement.balance_cents > 0)
