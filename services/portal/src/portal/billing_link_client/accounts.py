"""Utility accounts and a resident's links to them, as plain values. All of it is personal data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto


class AutoLink(Enum):
    """The outcome of the search for an earlier registration with the resident's e-mail address."""

    NONE = auto()
    LINKED = auto()
    AMBIGUOUS = auto()


@dataclass(frozen=True)
class Bill:
    """One bill, as printed."""

    number: str
    billed_on: date
    due_on: date
    amount_cents: int


@dataclass(frozen=True)
class Payment:
    """One payment."""

    paid_on: date
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class AccountSummary:
    """What a list shows of one (customer ID, account number) pair in the city's billing records."""

    # As printed on the bill.
    account_number: str
    service_address: str
    closed: bool
    closed_on: date | None
    # Negative: a credit.
    balance_cents: int
    # ISO 4217.
    currency: str
    # None: nothing is due.
    due_on: date | None


@dataclass(frozen=True, kw_only=True)
class UtilityAccount(AccountSummary):
    """All that is known of the account."""

    # As printed on the bill.
    customer_id: str
    customer_name: str
    # The contract's codes, such as `water`.
    services: Sequence[str]
    last_payment: Payment | None
    # Newest first, at most 12.
    recent_bills: Sequence[Bill]


@dataclass(frozen=True)
class Link:
    """A resident's remembered account. `undo_until` only for an auto-link that one click can undo."""

    id: str
    linked_at: datetime
    automatic: bool
    undo_until: datetime | None


@dataclass(frozen=True)
class LinkedAccount:
    """A link and its account."""

    link: Link
    account: UtilityAccount


@dataclass(frozen=True)
class LinkedSummary:
    """A link, and what a list shows of its account."""

    link: Link
    account: AccountSummary


@dataclass(frozen=True)
class Found:
    """The account with two numbers. `link` is None if it is not linked to the resident."""

    account: UtilityAccount
    link: Link | None


@dataclass(frozen=True)
class LinkedAccounts:
    """All accounts linked to the resident in the city, oldest link first."""

    accounts: Sequence[LinkedSummary]
    auto_link: AutoLink


@dataclass(frozen=True)
class Unlinked:
    """The link is gone, now or before."""
