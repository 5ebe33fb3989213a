"""Statements that run at every request, compiled once.

SQLAlchemy compiles them, converts their values and keeps the connections. What it repeats at each execution,
more than half of the cost of a small statement in this process, is done once here (docs/decisions/0031).
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Insert, Select
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from identity.database_connections import SilentServerError
from identity.storable_text import check_storable
from identity.storage import Executor

Statement = Select[*tuple[Any, ...]] | Insert | ReturningInsert[Any] | ReturningUpdate[Any]
_Convert = Callable[[Any], Any]
# The values that are converted, by name or position. The driver reads and writes most types itself.
_Converted = list[tuple[Any, _Convert]]


class CompiledStatement:
    """A statement whose parameters always have the same names (its `bindparam`s, or an INSERT's columns)."""

    def __init__(self, statement: Statement) -> None:
        self._statement, self._returns_rows = statement, bool(statement.exported_columns)
        # On an autocommit connection a SELECT is a whole transaction and changes nothing.
        self._may_run_again = isinstance(statement, Select)
        self._compiled: dict[str, _Compiled] = {}

    def row(self, executor: Executor, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 - a row with the statement's columns
        """Execute it; return its only row, or None. Raises SQLAlchemy's `DBAPIError`, without parameters.

        A lost connection is closed; a SELECT then runs once more, on a new connection.
        """
        if isinstance(executor, Connection):
            check_storable(parameters.values())
            compiled = self._on(executor.dialect, parameters)
            try:
                return compiled.row(executor, parameters)
            except executor.dialect.loaded_dbapi.Error as error:
                is_lost = executor.dialect.is_disconnect(error, executor.connection, None)
                if is_lost:
                    _close_lost(executor, error)
                # Who has waited for a silent server has no time for another wait.
                if not (is_lost and self._may_run_again) or isinstance(error, SilentServerError):
                    raise compiled.failure(executor.dialect, error, is_lost=is_lost) from error
        result = executor.execute(self._statement, dict(parameters))
        return result.one_or_none() if self._returns_rows else None

    def _on(self, dialect: Dialect, parameters: Iterable[str]) -> "_Compiled":
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = _Compiled(self._statement, dialect, list(parameters))
        return self._compiled[dialect.name]


class _Compiled:
    """The statement in one database's dialect, and the conversions of its values and columns."""

    def __init__(self, statement: Statement, dialect: Dialect, names: list[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=names)
        self._text, self._order = str(compiled), compiled.positiontup
        self._constants = {name: value for name, value in compiled.params.items() if name not in names}
        # By name, since a parameter may occur several times.
        types = {name: bound.type.dialect_impl(dialect) for bound, name in compiled.bind_names.items()}
        self._to_driver = _converted((name, kind.bind_processor(dialect)) for name, kind in types.items())
        columns = list(statement.exported_columns)
        self._row = namedtuple("Row", [column.key for column in columns]) if columns else None  # type: ignore[misc] # noqa: PYI024 - its fields are the statement's
        self._from_driver = _converted(
            (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for place, column in enumerate(columns)
        )

    def row(self, connection: Connection, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 - as above
        values = {**self._constants, **parameters}
        for name, convert in self._to_driver:
            values[name] = convert(values[name])
        cursor = connection.connection.cursor()
        cursor.execute(self._text, [values[name] for name in self._order] if self._order else values)
        found = cursor.fetchone() if self._row else None
        cursor.close()
        return self._row(*self._converted(found)) if self._row and found else None

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


def _close_lost(connection: Connection, error: Exception) -> None:
    """Close a lost connection and the others of its pool, which are probably lost too."""
    connection.invalidate(error)
    connection.rollback()
    connection.engine.dispose()


def _converted(processors: Iterable[tuple[Any, _Convert | None]]) -> _Converted:
    return [(place, convert) for place, convert in processors if convert is not None]
