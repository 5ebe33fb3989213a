"""Reads the imported billing records: all SQL of reading, and the accounts as part of a larger statement."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import JSON, ColumnElement, Row, SQLColumnExpression, bindparam, or_, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from billing_link.billing_records.models import EarlierRegistrationRow, LedgerEntryRow, UtilityAccountRow
from billing_link.billing_records.port import EarlierRegistration, Pair, UtilityAccount
from billing_link.billing_records.statement import Entry, compute_statement
from billing_link.compiled_statements import CompiledStatement
from billing_link.storage import Storage

_Account = UtilityAccountRow
_Text = SQLColumnExpression[Any]


class _LedgerRows(FunctionElement[Any]):
    """Rows as one JSON array of arrays."""

    type = JSON()
    inherit_cache = True


@compiles(_LedgerRows, "postgresql")
def _in_postgresql(rows: _LedgerRows, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"json_agg(json_build_array({compiler.process(rows.clauses, **options)}))"


@compiles(_LedgerRows, "sqlite")
def _in_sqlite(rows: _LedgerRows, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    return f"json_group_array(json_array({compiler.process(rows.clauses, **options)}))"


_Entry = LedgerEntryRow
_LEDGER = (
    select(
        _LedgerRows(
            _Entry.posted_on,
            _Entry.entry_id,
            _Entry.kind,
            _Entry.amount_cents,
            _Entry.due_on,
            _Entry.bill_number,
        )
    )
    .where(_Entry.account_id == _Account.id)
    .correlate(_Account)
    .scalar_subquery()
)
# What `read_account` reads: an account, and its whole ledger. The names are those of no other table.
ACCOUNT_COLUMNS = (
    _Account.account_number,
    _Account.customer_id,
    _Account.customer_name,
    _Account.service_address,
    _Account.services,
    _Account.closed_on,
    _LEDGER.label("ledger"),
)


def is_account(city_id: _Text, customer_id: _Text, account_number: _Text) -> ColumnElement[bool]:
    """Return the condition for the account with this pair, by which a statement joins `UtilityAccountRow`.

    If one of them is null, nothing is read: not even whether there is an account.
    """
    return (
        (_Account.city_id == city_id)
        & (_Account.customer_id_key == customer_id)
        & (_Account.account_number_key == account_number)
    )


def closed_after(day: ColumnElement[Any]) -> ColumnElement[bool]:
    """Filter in the statement, so that a closed account takes the same work as a missing one."""
    return or_(_Account.closed_on.is_(None), _Account.closed_on > day)


def read_account(row: Any, pair: Pair) -> UtilityAccount | None:  # noqa: ANN401 - a row with the columns above
    """Return the account of a row with `ACCOUNT_COLUMNS`, None where an outer join found none."""
    if row.account_number is None:
        return None
    return UtilityAccount(
        pair=pair,
        account_number=row.account_number,
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        service_address=row.service_address,
        services=tuple(row.services.split()),
        closed_on=row.closed_on,
        statement=compute_statement([_entry(fields) for fields in row.ledger or ()]),
    )


_in_city = _Account.city_id == bindparam("city_id")
_at_pair = is_account(bindparam("city_id"), bindparam("customer_id"), bindparam("account_number"))
_FIND_ACCOUNT = CompiledStatement(select(*ACCOUNT_COLUMNS).where(_at_pair))
_FIND_OPEN_ACCOUNT = CompiledStatement(
    select(*ACCOUNT_COLUMNS).where(_at_pair, closed_after(bindparam("closed_after")))
)
_PAIRS = (_Account.account_number_key, _Account.customer_id_key)
_FIND_ACCOUNTS = select(*_PAIRS, *ACCOUNT_COLUMNS).where(
    _in_city, tuple_(*_PAIRS).in_(bindparam("pairs", expanding=True))
)
_PAIRS_OF_CUSTOMER = CompiledStatement(
    select(*_PAIRS)
    .where(
        _in_city,
        _Account.customer_id_key == bindparam("customer_id"),
        closed_after(bindparam("closed_after")),
    )
    .order_by(_Account.account_number_key)
)
_Earlier = EarlierRegistrationRow
_with_address = (_Earlier.city_id == bindparam("city_id")) & (_Earlier.email_key == bindparam("email_key"))
_REGISTRATIONS = CompiledStatement(
    select(_Earlier.account_number_key, _Earlier.customer_id_key, _Earlier.name).where(_with_address).limit(2)
)
_REGISTRATION = CompiledStatement(
    select(_Earlier.email_key)
    .where(_with_address, _Earlier.customer_id_key == bindparam("customer_id"))
    .limit(1)
)


class ImportedRecords:
    """The billing records as last imported into this service's own database. Implements `BillingRecords`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find_account(self, city_id: str, pair: Pair, *, closed_after: date | None) -> UtilityAccount | None:
        """Return the account with exactly this pair; it and its ledger are read in one statement."""
        statement = _FIND_ACCOUNT
        values: dict[str, object] = {"city_id": city_id, **pair._asdict()}
        if closed_after is not None:
            statement, values["closed_after"] = _FIND_OPEN_ACCOUNT, closed_after
        with self._storage.autocommit() as connection:
            row = statement.row(connection, values)
        return read_account(row, pair) if row else None

    def find_accounts(self, city_id: str, pairs: Iterable[Pair]) -> dict[Pair, UtilityAccount]:
        """Return the accounts of these pairs; they and their ledgers are read in one statement."""
        wanted = [tuple(pair) for pair in pairs]
        if not wanted:
            return {}
        with self._storage.autocommit() as connection:
            rows = connection.execute(_FIND_ACCOUNTS, {"city_id": city_id, "pairs": wanted}).all()
        found = ((_pair(row), read_account(row, _pair(row))) for row in rows)
        return {pair: account for pair, account in found if account}

    def pairs_of_customer(self, city_id: str, customer_id: str, *, closed_after: date) -> list[Pair]:
        """Return the pairs of the customer ID, ordered by account number."""
        values = {"city_id": city_id, "customer_id": customer_id, "closed_after": closed_after}
        with self._storage.autocommit() as connection:
            return [_pair(row) for row in _PAIRS_OF_CUSTOMER.rows(connection, values)]

    def find_registrations(self, city_id: str, email_key: str) -> list[EarlierRegistration]:
        """Return at most two registrations."""
        with self._storage.autocommit() as connection:
            rows = _REGISTRATIONS.rows(connection, {"city_id": city_id, "email_key": email_key})
        return [EarlierRegistration(_pair(row), row.name) for row in rows]

    def is_registered(self, city_id: str, email_key: str, customer_id: str) -> bool:
        """Tell whether an earlier registration joins address and customer ID."""
        values = {"city_id": city_id, "email_key": email_key, "customer_id": customer_id}
        with self._storage.autocommit() as connection:
            return _REGISTRATION.row(connection, values) is not None


def _pair(row: Row[Any]) -> Pair:
    return Pair(row.account_number_key, row.customer_id_key)


def _entry(fields: Sequence[Any]) -> Entry:
    posted_on, entry_id, kind, cents, due_on, number = fields
    due = date.fromisoformat(due_on) if due_on else None
    return Entry(date.fromisoformat(posted_on), entry_id, kind, cents, due, number)
