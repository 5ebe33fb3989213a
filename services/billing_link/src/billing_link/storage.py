"""The database, and the two ways to it.

Reads use `autocommit`, where each statement is its own transaction and costs one round trip. What belongs
together is written in a `transaction`. Both raise `UnavailableError` when the database does not answer, has
no room, or is held by others.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import (
    DateTime,
    Dialect,
    Engine,
    MetaData,
    NullPool,
    TypeDecorator,
    create_engine,
    event,
    func,
    make_url,
    orm,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from billing_link.autocommit_pool import AutocommitPool
from billing_link.database_connections import FOR_COMMANDS, FOR_REQUESTS, DatabaseServer
from billing_link.database_faults import neutral_errors
from billing_link.database_files import keep_private
from billing_link.database_state import LockHolder, ServerState, lock_holders, read_state, write_nothing
from billing_link.errors import UnavailableError
from billing_link.storable_text import check_storable

# What a store is constructed with: a verb's transaction, or a connection on which every statement commits.
Executor = Connection

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Connections of each engine: more than a process has threads, since one may need a second for a moment.
POOL_SIZE = 16
# Whether a connection is tried before each use: a round trip that single statements cannot afford.
PRE_PING = False

# An option of connections on which every statement commits.
COMMITS_EACH_STATEMENT = "commits_each_statement"
_COMMIT_EACH_STATEMENT: dict[str, Any] = {
    "isolation_level": "AUTOCOMMIT",
    "pool_reset_on_return": None,
    "execution_options": {COMMITS_EACH_STATEMENT: True},
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, whole seconds, aware on the way out on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times and drop fractions."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time reached the database")
        moment = value.astimezone(UTC).replace(microsecond=0)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the base class's signature
        """Return aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(orm.DeclarativeBase):
    """What every model derives from: names of constraints, and moments in UTC."""

    registry = orm.registry(
        metadata=MetaData(naming_convention=NAMING), type_annotation_map={datetime: UtcDateTime()}
    )


class Storage:
    """One database, PostgreSQL or SQLite, named by a URL such as `postgresql+psycopg://…` or `sqlite:///file`."""

    def __init__(
        self, database_url: str, *, pool_size: int = POOL_SIZE, statement_seconds: float = FOR_REQUESTS
    ) -> None:
        """Connect lazily. Each statement ends within so many seconds, or the database is unavailable."""
        options = _engine_options(database_url, pool_size, statement_seconds)
        statements = create_engine(database_url, **options, **_COMMIT_EACH_STATEMENT)
        self._transactions = create_engine(database_url, **options)
        self.is_sqlite = statements.dialect.name == "sqlite"
        server = DatabaseServer(statement_seconds)
        _prepare(statements, server)
        _prepare(self._transactions, server)
        _begin_immediately(self._transactions)
        self._statements = AutocommitPool(statements, pool_size)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open one transaction: committed at the end, rolled back if anything is raised.

        Raises `UnavailableError`.
        """
        with neutral_errors(), self._transactions.begin() as tx:
            yield tx

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """Lend a connection on which every statement commits by itself. Raises `UnavailableError`."""
        with neutral_errors(), self._statements.lend() as connection:
            yield connection

    def is_reachable(self) -> bool:
        """Tell whether the database answers."""
        try:
            with self.autocommit() as connection:
                connection.execute(text("SELECT 1"))
        except UnavailableError:
            return False
        return True

    def server_state(self) -> ServerState | None:
        """Return the state of the server; None for SQLite, which has none. Raises `UnavailableError`."""
        with self.autocommit() as connection:
            return read_state(connection)

    def try_writing(self) -> None:
        """Write something that leaves nothing; raises `UnavailableError` if the database cannot."""
        with neutral_errors(), self._transactions.begin() as connection:
            write_nothing(connection)

    def lock_holders(self) -> list[LockHolder]:
        """Return which sessions of the server others wait for; raises `UnavailableError`."""
        with neutral_errors(), self._transactions.connect() as connection:
            return lock_holders(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.dispose()

    def dispose(self) -> None:
        """Close every connection."""
        self._statements.dispose()
        self._transactions.dispose()


def insert_into(connection: Connection, table: type[Base]) -> "postgresql.Insert | sqlite.Insert":
    """Return the database's own INSERT, which knows `on_conflict_do_…`."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def hold(connection: Connection, *names: str) -> None:
    """Wait until no other transaction holds these names; they are free again when this one ends.

    SQLite needs nothing: only one of its transactions runs at a time.
    """
    if connection.dialect.name == "sqlite":
        return
    connection.execute(select(func.pg_advisory_xact_lock(lock_key(*names))))


def lock_key(*names: str) -> int:
    """Return the number under which PostgreSQL holds these names."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def migration_engine(database_url: str) -> Engine:
    """Return an engine for migrations, on which a statement may take as long as in a command."""
    engine = create_engine(database_url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        keep_private(engine)
    else:
        DatabaseServer(FOR_COMMANDS).limit(engine)
    return engine


def _engine_options(database_url: str, pool_size: int, statement_seconds: float) -> dict[str, Any]:
    # Parameters are what residents typed: they stay out of every message.
    pool = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": 2, "hide_parameters": True}
    if make_url(database_url).get_backend_name() == "sqlite":
        # Seconds for which it waits for another writer.
        return pool | {"connect_args": {"timeout": min(statement_seconds, 60)}}
    return pool | {"pool_recycle": 1800, "pool_pre_ping": PRE_PING}


def _prepare(engine: Engine, server: DatabaseServer) -> None:
    """Set what each new connection needs, by its kind of database; check what is sent over it."""
    _check_values(engine)
    if engine.dialect.name == "sqlite":
        keep_private(engine)
        _set_pragmas(engine)
    else:
        server.limit(engine)


def _check_values(engine: Engine) -> None:
    """Let no statement of this engine be sent with text that cannot be stored (`UnstorableTextError`)."""

    @event.listens_for(engine, "before_cursor_execute")
    def _check(_connection: Any, _cursor: Any, _statement: str, parameters: Any, *_: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own objects
        for one in parameters if isinstance(parameters, list) else (parameters,):
            check_storable(one.values() if isinstance(one, Mapping) else one)


def _set_pragmas(engine: Engine) -> None:
    """Set foreign keys and write-ahead logging on each new connection of SQLite."""

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own objects
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()


def _begin_immediately(engine: Engine) -> None:
    """Take SQLite's write lock at the beginning, so that what is read first is still true when it writes."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _no_implicit_begin(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own objects
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
