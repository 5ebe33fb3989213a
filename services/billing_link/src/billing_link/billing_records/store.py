"""Reads the imported billing records: all SQL of reading."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import JSON, ColumnElement, Row, Select, bindparam, func, or_, select, tuple_

from billing_link.billing_records.models import EarlierRegistrationRow, LedgerEntryRow, UtilityAccountRow
from billing_link.billing_records.port import EarlierRegistration, Pair, UtilityAccount
from billing_link.billing_records.statement import Entry, EntryKind, compute_statement
from billing_link.storage import Storage

_Account = UtilityAccountRow


class ImportedRecords:
    """The billing records as last imported into this service's own database. Implements `BillingRecords`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        accounts = _accounts_with_ledgers(sqlite=storage.is_sqlite)
        in_city = accounts.where(_Account.city_id == bindparam("city_id"))
        one = in_city.where(
            _Account.customer_id_key == bindparam("customer_id"),
            _Account.account_number_key == bindparam("account_number"),
        )
        self._find_account = one
        self._find_open_account = one.where(_still_readable())
        keys = tuple_(_Account.account_number_key, _Account.customer_id_key)
        self._find_accounts = in_city.where(keys.in_(bindparam("pairs", expanding=True)))

    def find_account(self, city_id: str, pair: Pair, *, closed_after: date | None) -> UtilityAccount | None:
        """Return the account with exactly this pair; it and its ledger are read in one statement."""
        values: dict[str, Any] = {
            "city_id": city_id,
            "customer_id": pair.customer_id,
            "account_number": pair.account_number,
        }
        statement = self._find_account
        if closed_after is not None:
            statement, values["closed_after"] = self._find_open_account, closed_after
        with self._storage.autocommit() as connection:
            row = connection.execute(statement, values).one_or_none()
        return _account(row) if row else None

    def find_accounts(self, city_id: str, pairs: Iterable[Pair]) -> dict[Pair, UtilityAccount]:
        """Return the accounts of these pairs; they and their ledgers are read in one statement."""
        wanted = [tuple(pair) for pair in pairs]
        if not wanted:
            return {}
        with self._storage.autocommit() as connection:
            rows = connection.execute(self._find_accounts, {"city_id": city_id, "pairs": wanted}).all()
        accounts = [_account(row) for row in rows]
        return {account.pair: account for account in accounts}

    def pairs_of_customer(self, city_id: str, customer_id: str, *, closed_after: date) -> list[Pair]:
        """Return the pairs of the customer ID, ordered by account number."""
        statement = (
            select(_Account.account_number_key, _Account.customer_id_key)
            .where(_Account.city_id == city_id, _Account.customer_id_key == customer_id, _still_readable())
            .order_by(_Account.account_number_key)
        )
        with self._storage.autocommit() as connection:
            rows = connection.execute(statement, {"closed_after": closed_after}).all()
        return [Pair(row.account_number_key, row.customer_id_key) for row in rows]

    def find_registrations(self, city_id: str, email_key: str) -> list[EarlierRegistration]:
        """Return at most two registrations."""
        earlier = EarlierRegistrationRow
        statement = (
            select(earlier.account_number_key, earlier.customer_id_key, earlier.name)
            .where(earlier.city_id == city_id, earlier.email_key == email_key)
            .limit(2)
        )
        with self._storage.autocommit() as connection:
            rows = connection.execute(statement).all()
        return [EarlierRegistration(Pair(r.account_number_key, r.customer_id_key), r.name) for r in rows]

    def is_registered(self, city_id: str, email_key: str, customer_id: str) -> bool:
        """Tell whether an earlier registration joins address and customer ID."""
        earlier = EarlierRegistrationRow
        statement = select(earlier.email_key).where(
            earlier.city_id == city_id,
            earlier.email_key == email_key,
            earlier.customer_id_key == customer_id,
        )
        with self._storage.autocommit() as connection:
            return connection.execute(statement.limit(1)).first() is not None


def _still_readable() -> ColumnElement[bool]:
    """Filter in the statement, so that a closed account takes the same work as a missing one."""
    return or_(_Account.closed_on.is_(None), _Account.closed_on > bindparam("closed_after"))


def _accounts_with_ledgers(*, sqlite: bool) -> Select[Any]:
    """Select accounts, each with its whole ledger as one JSON column."""
    entry = LedgerEntryRow
    array, collected = (
        (func.json_array, func.json_group_array) if sqlite else (func.json_build_array, func.json_agg)
    )
    fields = array(
        entry.posted_on, entry.entry_id, entry.kind, entry.amount_cents, entry.due_on, entry.bill_number
    )
    ledger = (
        select(collected(fields, type_=JSON))
        .where(entry.account_id == _Account.id)
        .correlate(_Account)
        .scalar_subquery()
    )
    return select(
        _Account.account_number_key,
        _Account.customer_id_key,
        _Account.account_number,
        _Account.customer_id,
        _Account.customer_name,
        _Account.service_address,
        _Account.services,
        _Account.closed_on,
        ledger.label("ledger"),
    )


def _account(row: Row[Any]) -> UtilityAccount:
    return UtilityAccount(
        pair=Pair(row.account_number_key, row.customer_id_key),
        account_number=row.account_number,
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        service_address=row.service_address,
        services=tuple(row.services.split()),
        closed_on=row.closed_on,
        statement=compute_statement(_entry(fields) for fields in row.ledger or ()),
    )


def _entry(fields: Sequence[Any]) -> Entry:
    posted_on, entry_id, kind, cents, due_on, number = fields
    due = date.fromisoformat(due_on) if due_on else None
    return Entry(date.fromisoformat(posted_on), entry_id, EntryKind(kind), cents, due, number)
