"""Connections on which every statement commits, lent and kept.

SQLAlchemy opens them. Its own way to take one from a pool and give it back costs 27 µs of CPU at each loan,
as much as a small statement (docs/decisions/0075).
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from time import monotonic

from sqlalchemy import Engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from portal.database_connections import BoundedConnection

# Seconds to wait for a connection while all are lent.
_WAIT = 2
# Seconds after which one is replaced: what is between closes old ones.
_KEPT = 1800


class AutocommitPool:
    """Up to `size` connections of an engine whose connections commit each statement."""

    def __init__(self, engine: Engine, size: int) -> None:
        self._engine = engine
        # The last one that came back is the first to go: the server has its statements at hand.
        self._idle: deque[tuple[Connection, float]] = deque()
        self._permits: SimpleQueue[None] = SimpleQueue()
        for _ in range(size):
            self._permits.put(None)

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """Lend a connection. Raises SQLAlchemy's `TimeoutError` where none comes back within two seconds."""
        try:
            self._permits.get(timeout=_WAIT)
        except Empty:
            raise PoolTimeoutError("every connection is in use") from None
        try:
            connection, until = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection, until)
        finally:
            self._permits.put(None)

    def dispose(self) -> None:
        """Close every connection that is not lent."""
        while self._idle:
            _close(self._idle.pop()[0])
        self._engine.dispose()

    def _take(self) -> tuple[Connection, float]:
        try:
            while True:
                connection, until = self._idle.pop()
                if monotonic() < until and not _is_lost(connection):
                    return connection, until
                _close(connection)
        except IndexError:
            return self._engine.connect(), monotonic() + _KEPT

    def _give_back(self, connection: Connection, until: float) -> None:
        try:
            # SQLAlchemy begins a transaction of its own, though the database has none.
            if connection.in_transaction():
                connection.rollback()
            is_usable = not (connection.invalidated or _is_lost(connection))
        except DBAPIError:
            # What the borrower got is true all the same.
            is_usable = False
        if is_usable:
            self._idle.append((connection, until))
        else:
            _close(connection)


def _close(connection: Connection) -> None:
    """Close it for good; SQLAlchemy's pool, which may be another one by now, does not get it back."""
    connection.invalidate()
    connection.close()


def _is_lost(connection: Connection) -> bool:
    driver_connection = connection.connection.dbapi_connection
    return isinstance(driver_connection, BoundedConnection) and driver_connection.is_lost()
