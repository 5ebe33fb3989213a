"""The rows of a records file, once checked, and the problem of a row that is refused. Personal data."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Why a line cannot be imported. Line 1 is the header."""

    line: int
    message: str


class AccountRow(NamedTuple):
    """An account; the fields are the columns of its staging table, in order."""

    line: int
    customer_id_key: str
    account_number_key: str
    customer_id: str
    account_number: str
    customer_name: str
    service_address: str
    mailing_address: str
    services: str
    closed_on: date | None


class EntryRow(NamedTuple):
    """A ledger entry; the fields are the columns of its staging table, in order."""

    line: int
    customer_id_key: str
    account_number_key: str
    entry_id: str
    kind: str
    posted_on: date
    due_on: date | None
    amount_cents: int
    bill_number: str


class RegistrationRow(NamedTuple):
    """An earlier registration; the fields are the columns of its staging table, in order."""

    line: int
    customer_id_key: str
    account_number_key: str
    email_key: str
    name: str


RecordRow = AccountRow | EntryRow | RegistrationRow
