"""The port through which the service reads a city's billing records, wherever they are stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from billing_link.billing_records.statement import Statement


class Pair(NamedTuple):
    """The two numbers of a utility account in normal form: its key within the city."""

    account_number: str
    customer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UtilityAccount:
    """A utility account as the city's records have it now, texts as printed on the bill. Personal data."""

    pair: Pair
    account_number: str
    customer_id: str
    customer_name: str
    service_address: str
    # Such as `water`.
    services: tuple[str, ...]
    # None while the account is active.
    closed_on: date | None
    statement: Statement


@dataclass(frozen=True, slots=True)
class EarlierRegistration:
    """A registration in the city's earlier system, found by its e-mail address. Personal data."""

    pair: Pair
    # May be empty.
    name: str


class BillingRecords(Protocol):
    """Reads a city's records. Every method raises `UnavailableError` while they cannot be reached."""

    def find_account(self, city_id: str, pair: Pair, *, closed_after: date | None) -> UtilityAccount | None:
        """Return the account with exactly this pair, None if there is none or it closed by `closed_after`."""
        ...

    def find_accounts(self, city_id: str, pairs: Iterable[Pair]) -> dict[Pair, UtilityAccount]:
        """Return the accounts of these pairs, by pair; a pair without an account is left out."""
        ...

    def pairs_of_customer(self, city_id: str, customer_id: str, *, closed_after: date) -> list[Pair]:
        """Return the pairs of a customer ID in normal form, without accounts closed by `closed_after`."""
        ...

    def find_registrations(self, city_id: str, email_key: str) -> list[EarlierRegistration]:
        """Return the earlier registrations with this address in normal form, two at most."""
        ...

    def is_registered(self, city_id: str, email_key: str, customer_id: str) -> bool:
        """Tell whether an earlier registration joins this address and customer ID, both in normal form."""
        ...
