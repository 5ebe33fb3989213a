"""Statements that PostgreSQL prepares once for each connection, sent by libpq without a cursor.

psycopg's cursor does the same, and more, for 135 µs of CPU a small statement; this takes 50
(docs/decisions/0075). What it sends, reads and raises is psycopg's: its values, its rows, its errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from psycopg import Connection, abc, errors
from psycopg.abc import Buffer, PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import execute
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow

# The server has no such statement any more, or its tables have changed: it is prepared anew.
_FORGOTTEN = (errors.InvalidSqlStatementName, errors.FeatureNotSupported)


@dataclass(frozen=True, eq=False, slots=True)
class Sql:
    """A statement with parameters `$1`, `$2`, … and their types (OIDs; 0: as the server infers)."""

    text: bytes
    types: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Executed:
    """What a statement returned, and how many rows it read or changed."""

    rows: list[TupleRow]
    count: int


class PreparedStatements:
    """Executes statements on one connection, each prepared at its first use there."""

    def __init__(self, connection: Connection[TupleRow], *, prepares: bool) -> None:
        """Behind a pooler in transaction mode nothing can be prepared."""
        self._connection, self._pgconn, self._prepares = connection, connection.pgconn, prepares
        self._transformer: abc.Transformer = Transformer(connection)
        self._numbers = count()
        # The name of each, and what reads its rows.
        self._prepared: dict[Sql, tuple[bytes, abc.Transformer]] = {}

    def execute(self, sql: Sql, values: Sequence[object]) -> PQGen[Executed]:
        """Execute a statement, in a transaction unless the connection commits each.

        Raises psycopg's errors.
        """
        if not self._connection.autocommit and self._pgconn.transaction_status == TransactionStatus.IDLE:
            self._pgconn.send_query(b"BEGIN")
            _checked((yield from execute(self._pgconn)))
        dumped = self._transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
        try:
            return (yield from self._send(sql, dumped))
        except _FORGOTTEN:
            self._prepared.clear()
            if not self._connection.autocommit:
                raise
            return (yield from self._send(sql, dumped))

    def _send(self, sql: Sql, dumped: Sequence[Buffer | None]) -> PQGen[Executed]:
        if self._prepares:
            name, reader = self._prepared.get(sql) or (yield from self._prepare(sql))
            self._pgconn.send_query_prepared(name, dumped)
        else:
            reader = self._transformer
            self._pgconn.send_query_params(sql.text, dumped, sql.types)
        result = _checked((yield from execute(self._pgconn)))
        reader.set_pgresult(result)
        return Executed(reader.load_rows(0, result.ntuples, tuple), result.command_tuples or 0)

    def _prepare(self, sql: Sql) -> PQGen[tuple[bytes, abc.Transformer]]:
        name = b"compiled_%d" % next(self._numbers)
        self._pgconn.send_prepare(name, sql.text, sql.types)
        _checked((yield from execute(self._pgconn)))
        prepared = self._prepared[sql] = name, Transformer(self._connection)
        return prepared


def _checked(results: list[PGresult]) -> PGresult:
    result = results[-1]
    if result.status not in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
        raise errors.error_from_result(result)
    return result
