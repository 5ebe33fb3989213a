"""The port: how the rest of the service reads a city's billing records, wherever they are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from billing_link.billing_records.statement import Statement


class Pair(NamedTuple):
    """A utility account's two numbers in normal form: the key of an account within its city."""

    account_number: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class UtilityAccount:
    """One utility account as the city's records have it now. Texts are as printed on the bill."""

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
    """A registration in the system from before, found by its e-mail address."""

    pair: Pair
    # May be empty.
    name: str


class BillingRecords(Protocol):
    """Reads one city's records. Every method raises `UnavailableError` when they cannot be reached."""

    def find_account(self, city_id: str, pair: Pair, *, closed_after: date | None) -> UtilityAccount | None:
        """Return the account with exactly this pair, but none that closed on `closed_after` or before."""
        ...

    def find_accounts(self, city_id: str, pairs: Iterable[Pair]) -> dict[Pair, UtilityAccount]:
        """Return the accounts of these pairs; a pair without an account is left out."""
        ...

    def pairs_of_customer(self, city_id: str, customer_id: str, *, closed_after: date) -> list[Pair]:
        """Return the pairs of one customer ID in normal form, without those closed on that day or before."""
        ...

    def find_registrations(self, city_id: str, email_key: str) -> list[EarlierRegistration]:
        """Return the earlier registrations with this address, two at most."""
        ...
