"""Temporary tables for one file while it is checked and merged: all SQL of an import.

The merge inserts new rows and updates rows that differ, so that the same file twice changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection

from billing_link.billing_records.models import EarlierRegistrationRow, LedgerEntryRow, UtilityAccountRow
from billing_link.billing_records.rows import AccountRow, EntryRow, Problem, RecordRow, RegistrationRow

_tables = MetaData()


def _staged(name: str, *columns: Column[Any]) -> Table:
    return Table(
        name,
        _tables,
        Column("line", Integer),
        Column("customer_id_key", Text),
        Column("account_number_key", Text),
        *columns,
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )


def _texts(*names: str) -> list[Column[Any]]:
    return [Column(name, Text) for name in names]


_accounts = _staged(
    "staged_accounts",
    *_texts(
        "customer_id", "account_number", "customer_name", "service_address", "mailing_address", "services"
    ),
    Column("closed_on", Date),
)
_entries = _staged(
    "staged_entries",
    *_texts("entry_id", "kind"),
    Column("posted_on", Date),
    Column("due_on", Date),
    Column("amount_cents", BigInteger),
    *_texts("bill_number"),
)
_registrations = _staged("staged_registrations", *_texts("email_key", "name"))
_TABLE_OF = {AccountRow: _accounts, EntryRow: _entries, RegistrationRow: _registrations}

_Account, _Entry, _Earlier = UtilityAccountRow, LedgerEntryRow, EarlierRegistrationRow
_SHOWN = 101


@dataclass(frozen=True, slots=True)
class Merged:
    """The numbers of new and changed rows of one kind."""

    new: int
    changed: int


class Staging:
    """The rows of one file, within an open transaction."""

    def __init__(self, tx: Connection, city_id: str) -> None:
        self._connection = tx
        self._city_id = city_id
        _tables.create_all(tx, checkfirst=False)

    def add_rows(self, rows: Sequence[RecordRow]) -> None:
        """Stage rows of one kind, by COPY on PostgreSQL."""
        if not rows:
            return
        table = _TABLE_OF[type(rows[0])]
        if self._connection.dialect.name == "sqlite":
            self._connection.execute(insert(table), [row._asdict() for row in rows])
            return
        driver: Any = self._connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def prepare_merge(self) -> None:
        """Create the index and the statistics for checks and merge, once every row is staged."""
        self._connection.exec_driver_sql(
            "CREATE INDEX ix_staged_pair ON staged_accounts (customer_id_key, account_number_key)"
        )
        if self._connection.dialect.name != "sqlite":
            # PostgreSQL does not analyse temporary tables by itself; a merge of millions planned for ten rows
            # takes hours.
            for table in _tables.sorted_tables:
                self._connection.exec_driver_sql(f"ANALYZE {table.name}")

    def drop_tables(self) -> None:
        """Drop the tables on SQLite; PostgreSQL drops them at the end of the transaction."""
        if self._connection.dialect.name == "sqlite":
            _tables.drop_all(self._connection, checkfirst=False)

    def find_duplicates(self) -> Iterator[Problem]:
        """Yield rows that repeat the key of an earlier line, up to one more than is shown."""
        pair = ("customer_id_key", "account_number_key")
        for table, key in (
            (_accounts, pair),
            (_entries, ("entry_id",)),
            (_registrations, (*pair, "email_key")),
        ):
            first = func.min(table.c.line).over(partition_by=[table.c[name] for name in key]).label("first")
            numbered = select(table.c.line, first).subquery()
            repeated = select(numbered).where(numbered.c.line > numbered.c.first).order_by(numbered.c.line)
            for row in self._connection.execute(repeated.limit(_SHOWN)):
                yield Problem(row.line, f"it repeats line {row.first}")

    def find_rows_without_account(self) -> Iterator[Problem]:
        """Yield entries and registrations whose account is neither in the records nor in the file."""
        for table in (_entries, _registrations):
            known = exists().where(self._is_of(table))
            given = exists().where(
                _accounts.c.customer_id_key == table.c.customer_id_key,
                _accounts.c.account_number_key == table.c.account_number_key,
            )
            orphans = (
                select(table.c.line, table.c.account_number_key).where(~known, ~given).order_by(table.c.line)
            )
            for row in self._connection.execute(orphans.limit(_SHOWN)):
                yield Problem(
                    row.line,
                    f"no account {row.account_number_key} of this customer is in the records or in this file",
                )

    def merge_accounts(self) -> Merged:
        """Merge the accounts into the records."""
        columns = ("customer_id", "account_number", "customer_name", "service_address", "mailing_address")
        return self._merge(
            _Account,
            self._is_of(_accounts),
            {name: _accounts.c[name] for name in (*columns, "services", "closed_on")},
            {name: _accounts.c[name] for name in ("customer_id_key", "account_number_key")},
            select(_accounts),
        )

    def merge_entries(self) -> Merged:
        """Merge the ledger entries into the records."""
        staged = (
            select(*_entries.c, _Account.id.label("account_id"))
            .join(_Account, self._is_of(_entries))
            .subquery("entries")
        )
        columns = ("account_id", "kind", "posted_on", "due_on", "amount_cents", "bill_number")
        return self._merge(
            _Entry,
            and_(_Entry.city_id == self._city_id, _Entry.entry_id == staged.c.entry_id),
            {name: staged.c[name] for name in columns},
            {"entry_id": staged.c.entry_id},
            select(staged),
        )

    def merge_registrations(self) -> Merged:
        """Merge the earlier registrations into the records."""
        keys = ("email_key", "customer_id_key", "account_number_key")
        return self._merge(
            _Earlier,
            and_(
                _Earlier.city_id == self._city_id,
                *(getattr(_Earlier, key) == _registrations.c[key] for key in keys),
            ),
            {"name": _registrations.c.name},
            {key: _registrations.c[key] for key in keys},
            select(_registrations),
        )

    def _is_of(self, table: Table) -> ColumnElement[bool]:
        return and_(
            _Account.city_id == self._city_id,
            _Account.customer_id_key == table.c.customer_id_key,
            _Account.account_number_key == table.c.account_number_key,
        )

    def _merge(
        self,
        target: type[UtilityAccountRow | LedgerEntryRow | EarlierRegistrationRow],
        same: ColumnElement[bool],
        values: dict[str, ColumnElement[Any]],
        keys: dict[str, ColumnElement[Any]],
        source: Select[Any],
    ) -> Merged:
        differs = or_(*(getattr(target, name).is_distinct_from(value) for name, value in values.items()))
        changed = self._connection.execute(update(target).where(same, differs).values(values))
        columns = {"city_id": literal(self._city_id)} | keys | values
        missing = source.with_only_columns(*columns.values()).where(~exists().where(same))
        new = self._connection.execute(
            insert(target).from_select(list(columns), missing), execution_options={"preserve_rowcount": True}
        )
        return Merged(new.rowcount, changed.rowcount)


def in_batches(rows: Iterable[RecordRow], size: int) -> Iterator[list[RecordRow]]:
    """Yield the rows in lists of one kind, each of at most `size`."""
    waiting: dict[type[RecordRow], list[RecordRow]] = {}
    for row in rows:
        batch = waiting.setdefault(type(row), [])
        batch.append(row)
        if len(batch) == size:
            yield waiting.pop(type(row))
    yield from waiting.values()
