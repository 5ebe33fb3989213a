"""Statements that run at every request, compiled once.

SQLAlchemy compiles them, converts their values and makes the connections. What it and the driver's cursor
repeat at each execution, three quarters of the cost of a small statement in this process, is done once here
(docs/decisions/0075).
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, Delete, Insert, Select, Update
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, ReturningUpdate

from portal.database_connections import BoundedConnection, SilentServerError
from portal.prepared_statements import Executed, Sql
from portal.storable_text import check_storable
from portal.storage import COMMITS_EACH_STATEMENT, Executor

Statement = (
    Select[*tuple[Any, ...]]
    | Insert
    | Update
    | Delete
    | ReturningInsert[Any]
    | ReturningUpdate[Any]
    | ReturningDelete[Any]
)
_Convert = Callable[[Any], Any]
# The values that are converted, by name or position. The driver reads and writes most types itself.
_Converted = list[tuple[Any, _Convert]]
# PostgreSQL, `pg_type`. SQLAlchemy casts parameters of most types, and leaves these to the driver.
_BOOLEAN = 16


class CompiledStatement:
    """A statement whose parameters always have the same names (its `bindparam`s, or an INSERT's columns).

    Each method executes it. They raise SQLAlchemy's `DBAPIError`, without parameters. A lost connection is
    closed; outside a transaction, a SELECT then runs once more, on a new connection.
    """

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def row(self, executor: Executor, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 - a row with the statement's columns
        """Return the first row, or None."""
        rows = self.rows(executor, parameters)
        return rows[0] if rows else None

    def rows(self, executor: Executor, parameters: Mapping[str, object]) -> list[Any]:
        """Return the rows, named tuples with the statement's columns."""
        compiled, executed = self._execute(executor, parameters)
        return compiled.read(executed)

    def count(self, executor: Executor, parameters: Mapping[str, object]) -> int:
        """Return how many rows it changed."""
        return self._execute(executor, parameters)[1].count

    def _execute(self, executor: Executor, parameters: Mapping[str, object]) -> tuple["_Compiled", Executed]:
        check_storable(parameters.values())
        connection = executor if isinstance(executor, Connection) else executor.connection()
        compiled = self._on(connection.dialect, parameters)
        try:
            return compiled, compiled.execute(connection, parameters)
        except connection.dialect.loaded_dbapi.Error as error:
            is_lost = connection.dialect.is_disconnect(error, connection.connection, None)
            is_alone = connection.get_execution_options().get(COMMITS_EACH_STATEMENT, False)
            if is_lost:
                _close_lost(connection, error, is_alone=is_alone)
            # Who has waited for a silent server has no time for another wait.
            is_repeated = is_alone and isinstance(self._statement, Select)
            if not (is_lost and is_repeated) or isinstance(error, SilentServerError):
                raise compiled.failure(connection.dialect, error, is_lost=is_lost) from error
        return compiled, compiled.execute(connection, parameters)

    def _on(self, dialect: Dialect, parameters: Iterable[str]) -> "_Compiled":
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = _Compiled(self._statement, dialect, list(parameters))
        return self._compiled[dialect.name]


class _Compiled:
    """The statement in one database's dialect, and the conversions of its values and columns."""

    def __init__(self, statement: Statement, dialect: Dialect, names: list[str]) -> None:
        compiled: Any = statement.compile(dialect=_with_ordered_parameters(dialect), column_keys=names)
        self._text, self._order = str(compiled), list(compiled.positiontup or ())
        self._constants = {name: value for name, value in compiled.params.items() if name not in names}
        # By name, since a parameter may occur several times.
        types = {name: bound.type.dialect_impl(dialect) for bound, name in compiled.bind_names.items()}
        self._to_driver = _converted((name, kind.bind_processor(dialect)) for name, kind in types.items())
        oids = (_BOOLEAN if isinstance(types[name], Boolean) else 0 for name in self._order)
        self._sql = Sql(self._text.encode(), tuple(oids))
        columns = list(statement.exported_columns)
        row: Any = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc] # noqa: PYI024 - its fields are the statement's
        self._row = row._make if columns else None
        self._from_driver = _converted(
            (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for place, column in enumerate(columns)
        )

    def execute(self, connection: Connection, parameters: Mapping[str, object]) -> Executed:
        values = {**self._constants, **parameters}
        for name, convert in self._to_driver:
            values[name] = convert(values[name])
        ordered = [values[name] for name in self._order]
        driver_connection = connection.connection.dbapi_connection
        if isinstance(driver_connection, BoundedConnection):
            return driver_connection.execute_prepared(self._sql, ordered)
        return _with_cursor(driver_connection, self._text, ordered)

    def read(self, executed: Executed) -> list[Any]:
        if self._row is None:
            return []
        return [self._row(self._converted(found)) for found in executed.rows]

    def failure(self, dialect: Dialect, error: Exception, *, is_lost: bool) -> StatementError:
        """Return the driver's error as SQLAlchemy raises it, without parameters."""
        return DBAPIError.instance(
            self._text,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=is_lost,
            dialect=dialect,
        )

    def _converted(self, found: Iterable[Any]) -> list[Any]:
        columns = list(found)
        for place, convert in self._from_driver:
            columns[place] = convert(columns[place])
        return columns


def _with_ordered_parameters(dialect: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's are not typed
    """Return the dialect in which parameters have numbers (PostgreSQL) or places (SQLite), not names."""
    return type(dialect)(paramstyle="numeric_dollar") if dialect.name == "postgresql" else dialect


def _with_cursor(connection: Any, text: str, values: Sequence[object]) -> Executed:  # noqa: ANN401 - SQLite's own
    cursor = connection.cursor()
    try:
        cursor.execute(text, values)
        return Executed(cursor.fetchall(), max(cursor.rowcount, 0))
    finally:
        cursor.close()


def _close_lost(connection: Connection, error: Exception, *, is_alone: bool) -> None:
    """Close a lost connection and the others of its pool, which are probably lost too."""
    connection.invalidate(error)
    if is_alone:
        connection.rollback()
    connection.engine.dispose()


def _converted(processors: Iterable[tuple[Any, _Convert | None]]) -> _Converted:
    return [(place, convert) for place, convert in processors if convert is not None]
