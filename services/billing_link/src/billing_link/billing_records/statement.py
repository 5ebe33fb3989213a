"""The balance and due date of an account, computed from its whole ledger in integer cents (decision 0012).

The balance is the sum of all entries, not of the bills shown: an older unpaid bill must not be lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

BILLS_SHOWN = 12


class EntryKind(StrEnum):
    """The kinds of ledger entry."""

    BILL = "bill"
    PAYMENT = "payment"
    ADJUSTMENT = "adjustment"


class Entry(NamedTuple):
    """One ledger entry. Its fields are in the order by which a ledger is sorted."""

    posted_on: date
    entry_id: str
    # A value of `EntryKind`.
    kind: str
    # The effect on the balance: bills are positive, payments negative.
    amount_cents: int
    due_on: date | None
    bill_number: str


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill, as a page shows it."""

    bill_number: str
    billed_on: date
    due_on: date
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment, as a page shows it: the amount is positive."""

    paid_on: date
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The result of a whole ledger."""

    # Negative for a credit.
    balance_cents: int
    # None when nothing is due.
    due_on: date | None
    last_payment: Payment | None
    # Newest first, at most `BILLS_SHOWN`.
    recent_bills: tuple[Bill, ...]


def compute_statement(entries: Iterable[Entry]) -> Statement:
    """Return the statement of a whole ledger, its entries in any order."""
    ledger = sorted(entries)
    payments = [entry for entry in ledger if entry.kind == EntryKind.PAYMENT]
    bills = [entry for entry in ledger if entry.kind == EntryKind.BILL]
    return Statement(
        balance_cents=sum([entry.amount_cents for entry in ledger]),
        due_on=_oldest_due_date(ledger),
        last_payment=Payment(payments[-1].posted_on, -payments[-1].amount_cents) if payments else None,
        recent_bills=tuple(
            Bill(bill.bill_number, bill.posted_on, bill.due_on or bill.posted_on, bill.amount_cents)
            for bill in reversed(bills[-BILLS_SHOWN:])
        ),
    )


def _oldest_due_date(ledger: list[Entry]) -> date | None:
    """Return the due date of the oldest bill that credits, applied to the oldest first, do not cover."""
    credit = -sum([entry.amount_cents for entry in ledger if entry.amount_cents < 0])
    for entry in ledger:
        if entry.amount_cents <= 0:
            continue
        credit -= entry.amount_cents
        if credit < 0 and entry.kind == EntryKind.BILL:
            return entry.due_on
    return None
