"""Connections to PostgreSQL that wait for no answer without an end, and that work behind a pooler.

Where packets are dropped, or a proxy between goes on acknowledging, neither TCP nor the server's own limits
end a wait. So each wait has a deadline here. Once one has passed, connections from before are not used again,
and one attempt at a time finds out whether the server answers; others are refused at once
(docs/decisions/0037).

Behind a pooler in transaction mode, each transaction of a connection may reach another session of the server:
nothing is prepared there, and nothing set for a session (docs/decisions/0038).
"""

from collections.abc import Sequence
from threading import Lock
from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

from portal.prepared_statements import Executed, PreparedStatements, Sql

# Seconds that one statement may take: for a request, whose caller leaves after three; for the worker; for a
# command, which may merge millions of rows.
FOR_REQUESTS, FOR_THE_WORKER, FOR_COMMANDS = 2.5, 60, 3600

# Seconds for a connection to be made, at each of the server's addresses; libpq takes no less.
_CONNECT = 2
# Seconds in which a server that gave up a statement can still say so.
_GRACE = 0.25
# Seconds between two attempts while the server does not answer.
_PAUSE = 0.5
# Seconds to wait for another's attempt: enough where the server answers again.
_JOIN = 0.1
# Seconds between two attempts to find another server than one that is read-only: where none takes over, each
# refused write would cost a connection.
_STAY = 2.0
# A URL may say otherwise. TCP finds a lost peer within half a minute.
_LIMITS: dict[str, Any] = {
    "connect_timeout": _CONNECT,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# A pooler gives a process id of its own making. Without one, the limit is the session's.
_LIMIT_STATEMENTS = "SELECT set_config('statement_timeout', %s, false) WHERE pg_backend_pid() = %s"


class SilentServerError(psycopg.OperationalError):
    """The server did not answer in time, or did not a moment ago."""


class BoundedConnection(psycopg.Connection[TupleRow]):
    """A connection whose every wait for the server has a deadline. It is closed when one passes."""

    # Seconds.
    deadline: float = _CONNECT
    made_at: float = 0.0
    is_pooled: bool = False
    was_lent: bool = False
    server: "DatabaseServer | None" = None
    statements: PreparedStatements

    def execute_prepared(self, sql: Sql, values: Sequence[object]) -> Executed:
        """Execute a statement that this connection prepares once; raises psycopg's errors."""
        return self.wait(self.statements.execute(sql, values))

    def is_lost(self) -> bool:
        """Tell whether it is closed, given up, or in the middle of what was interrupted."""
        is_given_up = self.server is not None and self.server.gave_up(self)
        return is_given_up or self.pgconn.transaction_status != TransactionStatus.IDLE

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait as psycopg does, which waits for every answer here; raises `SilentServerError`."""
        try:
            return super().wait(gen, interval, timeout or self.deadline)
        except psycopg.errors.ReadOnlySqlTransaction:
            self.leave_server()
            raise
        except psycopg.OperationalError as error:
            # Whatever else fails has had an answer, or has no connection: nothing is active any more.
            is_silent = self.pgconn.transaction_status == TransactionStatus.ACTIVE
            if self.server and (is_silent or self.broken):
                self.server.note_loss(self.deadline if is_silent else 0)
            if not is_silent:
                raise
            self.close()
            raise SilentServerError("the database server did not answer in time") from error

    def leave_server(self) -> None:
        """Give up the server, which is read-only: new connections may reach one that took over."""
        if self.server:
            self.server.note_refusal()


class DatabaseServer:
    """A PostgreSQL server as the engines of one `Storage` see it: whether it answers."""

    def __init__(self, statement_seconds: float) -> None:
        self._statement_seconds = statement_seconds
        self._answers, self._next_attempt = True, 0.0
        # On the monotonic clock: when it last took a connection, and before when connections are given up.
        self._connected_at, self._lost_before = 0.0, 0.0
        # When it was left because it is read-only.
        self._left_at = -_STAY
        self._attempt = Lock()

    def limit(self, engine: Engine) -> None:
        """Bound every connection of the engine."""
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "checkout", self._refuse_lost)

    def note_loss(self, seconds: float) -> None:
        """Give up every connection made before a wait of so many seconds, which has just ended in vain."""
        began = monotonic() - seconds
        self._lost_before = max(self._lost_before, began)
        if seconds and self._connected_at < began:
            self._refuse_for_a_moment()

    def note_refusal(self) -> None:
        """Give up every connection made before now, unless the same was done a moment ago."""
        now = monotonic()
        if now >= self._left_at + _STAY:
            self._left_at = now
            self.note_loss(0)

    def gave_up(self, connection: BoundedConnection) -> bool:
        """Tell whether the connection was made before others were lost."""
        return connection.made_at < self._lost_before

    def _refuse_lost(self, connection: BoundedConnection, *_: object) -> None:
        # One that was made for this use stays, even if another has just been lost: the pool tries only twice.
        if connection.was_lent and self.gave_up(connection):
            raise InvalidatePoolError
        connection.was_lent = True

    def _connect(
        self, _dialect: object, _record: object, arguments: list[Any], parameters: dict[str, Any]
    ) -> BoundedConnection:
        """Make a connection; raises psycopg's `OperationalError`."""
        if not self._answers and monotonic() >= self._next_attempt and self._attempt.acquire(timeout=_JOIN):
            try:
                if not self._answers and monotonic() >= self._next_attempt:
                    return self._connect_now(arguments, parameters)
            finally:
                self._attempt.release()
        if self._answers:
            return self._connect_now(arguments, parameters)
        raise SilentServerError("the database server did not answer a moment ago")

    def _connect_now(self, arguments: list[Any], parameters: dict[str, Any]) -> BoundedConnection:
        try:
            connection = BoundedConnection.connect(*arguments, **_LIMITS | parameters, autocommit=True)
            limit = [str(int(self._statement_seconds * 1000)), connection.info.backend_pid]
            connection.is_pooled = connection.execute(_LIMIT_STATEMENTS, limit).fetchone() is None
        except psycopg.OperationalError:
            self._refuse_for_a_moment()
            raise
        # psycopg prepares statements too, and at a rollback lets the server forget all, ours among them.
        connection.prepare_threshold = None
        connection.autocommit = False
        connection.statements = PreparedStatements(connection, prepares=not connection.is_pooled)
        connection.deadline, connection.server = self._statement_seconds + _GRACE, self
        self._answers, connection.made_at = True, monotonic()
        self._connected_at = connection.made_at
        return connection

    def _refuse_for_a_moment(self) -> None:
        self._answers, self._next_attempt = False, monotonic() + _PAUSE
