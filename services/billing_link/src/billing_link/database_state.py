"""What a database says of itself, whether it can write, and how far its clock is from this machine's."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from billing_link.clock import Clock
from billing_link.database_connections import BoundedConnection
from billing_link.database_faults import DatabaseFault, DatabaseUnavailableError
from billing_link.database_files import file_of

# Of clocks: from when on codes and links are refused, and from when on a server serves nothing, since what it
# writes seems over, or still to come, to the servers beside it.
HARMFUL, REFUSED = timedelta(seconds=30), timedelta(seconds=60)

# Our own clock tells whole seconds.
_SECOND = timedelta(seconds=1)
# Bytes of a disk below which a file of SQLite counts as full: some hundred rows, and their journal.
_LEAST_ROOM = 1024 * 1024

_ASK = text("SELECT clock_timestamp(), current_setting('transaction_read_only') = 'on'")
# More than fits into so much memory goes to a file of its own on the server's disk, and is gone at the end.
_KEEP_LITTLE = text("SET LOCAL work_mem = '64kB'")
_FILL_A_FILE = text("SELECT count(*) FROM generate_series(1, 10000)")
# A commit that waits for the disk, and for a standby that must confirm, and leaves no row.
_COMMIT = text("SELECT pg_logical_emit_message(true, 'billing_link', '')")
# Blocking others, or holding a table for some seconds so that they would.
_HOLDERS = text(
    """
    WITH held AS (
        SELECT unnest(pg_blocking_pids(pid)) AS pid, 1 AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
        UNION ALL
        SELECT DISTINCT pid, 0 FROM pg_locks
        WHERE granted AND locktype = 'relation' AND mode IN ('ExclusiveLock', 'AccessExclusiveLock')
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
    SELECT pid, coalesce(usename, ''), coalesce(extract(epoch FROM clock_timestamp() - xact_start), 0)::int,
        coalesce(upper(substring(query FROM '^\\s*([A-Za-z]+)')), ''), sum(waiting)::int
    FROM held JOIN pg_stat_activity USING (pid)
    WHERE pid <> pg_backend_pid()
    GROUP BY pid, usename, xact_start, query
    HAVING sum(waiting) > 0 OR coalesce(extract(epoch FROM clock_timestamp() - xact_start), 0) > 5
    ORDER BY 3 DESC LIMIT 5
    """
)


@dataclass(frozen=True)
class ServerState:
    """What a database server says of itself, and what stands before it."""

    # UTC.
    now: datetime
    # A pooler answered in its place, and led to it.
    is_pooled: bool
    # It is a standby, or was told to write nothing.
    is_read_only: bool = False


@dataclass(frozen=True)
class LockHolder:
    """A session that holds what others wait for, as far as the server lets this user see it."""

    pid: int
    user: str
    # Of its transaction.
    seconds: int
    # The first word of its last statement: the others may be personal data.
    command: str
    # How many sessions wait for it.
    waiting: int


def read_state(connection: Connection) -> ServerState | None:
    """Return the state of the server, in one statement; None for SQLite, which has none.

    One that is read-only is left: the next connections may reach the server that took over.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA schema_version")
        return None
    now, is_read_only = connection.execute(_ASK).one()
    driver = connection.connection.driver_connection
    if not isinstance(driver, BoundedConnection):
        return ServerState(now.astimezone(UTC), is_pooled=False, is_read_only=is_read_only)
    if is_read_only:
        driver.leave_server()
    return ServerState(now.astimezone(UTC), driver.is_pooled, is_read_only)


def write_nothing(connection: Connection) -> None:
    """Write to the database's disk as a request would, and leave no row: some two milliseconds.

    To change a row would not do: a full disk has room for it where another row was. Raises what the statement
    raises that finds no room, and `DatabaseUnavailableError`.
    """
    if connection.dialect.name == "sqlite":
        _write_to_file(connection)
        return
    connection.execute(_KEEP_LITTLE)
    connection.execute(_FILL_A_FILE)
    connection.execute(_COMMIT)


def lock_holders(connection: Connection) -> list[LockHolder]:
    """Return which sessions of a server hold what others wait for, or whole tables; none for SQLite."""
    if connection.dialect.name == "sqlite":
        return []
    return [LockHolder(*row) for row in connection.execute(_HOLDERS)]


def measure_lead(
    read: Callable[[], ServerState | None], clock: Clock
) -> tuple[ServerState | None, timedelta]:
    """Return what `read` returns, and how far that clock is ahead of this machine's; negative: behind.

    What the answer's way over the network may explain does not count, and SQLite has no other clock than
    this machine's. Raises what `read` raises.
    """
    before = clock.now()
    state = read()
    after = clock.now() + _SECOND
    if state is None or before <= state.now <= after:
        return state, timedelta()
    return state, state.now - (before if state.now < before else after)


def clock_fault(lead: timedelta) -> str:
    """Return what is wrong with the two clocks, in an operator's words; empty if they agree well enough."""
    if abs(lead) <= REFUSED:
        return ""
    seconds, side = round(abs(lead).total_seconds()), "behind" if lead > timedelta() else "ahead of"
    return (
        f"this machine's clock is {seconds} seconds {side} the database's (let both follow the same time"
        " servers: `timedatectl` on each shows whether they do)"
    )


def _write_to_file(connection: Connection) -> None:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    # Rewrites the first page, with the lock that every write needs.
    connection.exec_driver_sql(f"PRAGMA user_version = {version}")
    file = file_of(connection.engine.url)
    # Its journal is written from the start again and again, and so has room where the database has none.
    if file and shutil.disk_usage(file.absolute().parent).free < _LEAST_ROOM:
        raise DatabaseUnavailableError(DatabaseFault.FULL)
