"""What an account owes and since when: arithmetic over its whole ledger, in integer cents.

The balance is the sum of every entry there is. It never comes from the bills that happen to be shown: a
system that did so lost an unpaid fourteenth bill from sight.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

BILLS_SHOWN = 12


class EntryKind(StrEnum):
    """What a ledger entry is."""

    BILL = "bill"
    PAYMENT = "payment"
    ADJUSTMENT = "adjustment"


class Entry(NamedTuple):
    """One ledger entry. The order of the fields is the order of the ledger."""

    posted_on: date
    entry_id: str
    kind: EntryKind
    # The effect on the balance: a bill is positive, a payment negative.
    amount_cents: int
    due_on: date | None
    bill_number: str


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill, as shown."""

    bill_number: str
    billed_on: date
    due_on: date
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment, as shown: a positive amount."""

    paid_on: date
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What the ledger adds up to."""

    # Negative means a credit.
    balance_cents: int
    # None when nothing is due.
    due_on: date | None
    last_payment: Payment | None
    # Newest first, at most `BILLS_SHOWN`.
    recent_bills: tuple[Bill, ...]


def compute_statement(entries: Iterable[Entry]) -> Statement:
    """Return the statement of a whole ledger, given in any order."""
    ledger = sorted(entries)
    payments = [entry for entry in ledger if entry.kind is EntryKind.PAYMENT]
    bills = [entry for entry in ledger if entry.kind is EntryKind.BILL]
    return Statement(
        balance_cents=sum(entry.amount_cents for entry in ledger),
        due_on=_oldest_due_date(ledger),
        last_payment=Payment(payments[-1].posted_on, -payments[-1].amount_cents) if payments else None,
        recent_bills=tuple(
            Bill(bill.bill_number, bill.posted_on, bill.due_on or bill.posted_on, bill.amount_cents)
            for bill in reversed(bills[-BILLS_SHOWN:])
        ),
    )


def _oldest_due_date(ledger: list[Entry]) -> date | None:
    """Return the due date of the oldest bill that the credits, applied oldest first, do not cover."""
    credit = -sum(entry.amount_cents for entry in ledger if entry.amount_cents < 0)
    for entry in ledger:
        if entry.amount_cents <= 0:
            continue
        credit -= entry.amount_cents
        if credit < 0 and entry.kind is EntryKind.BILL:
            return entry.due_on
    return None
