"""The database, and the two ways to it.

Pages write in a `transaction`: an ORM session that commits at its end. Endpoints that programs call often use
`autocommit`, where each statement is its own transaction and costs one round trip (docs/decisions/0031). Both
raise `UnavailableError` when the database does not answer, has no room, or is held by others.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from flask import Flask, current_app, has_app_context
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    URL,
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    NullPool,
    Table,
    TypeDecorator,
    create_engine,
    delete,
    event,
    make_url,
    orm,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from identity.autocommit_pool import AutocommitPool
from identity.database_connections import FOR_COMMANDS, FOR_REQUESTS, DatabaseServer
from identity.database_faults import neutral_errors
from identity.database_files import keep_private
from identity.database_state import LockHolder, ServerState, lock_holders, read_state, write_nothing
from identity.errors import UnavailableError
from identity.storable_text import check_storable

# A verb's transaction.
Transaction = orm.Session
# What a store is constructed with: a verb's transaction, or a connection on which every statement commits.
Executor = Transaction | Connection

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
_AUTOCOMMIT = "autocommit"


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


# One for the process: each application has engines of its own, each application context a session of its own.
# What a verb returns stays readable after its commit, without another transaction for it.
db = SQLAlchemy(
    model_class=Base,
    session_options={"expire_on_commit": False},
    disable_autonaming=True,
    add_models_to_shell=False,
)
if TYPE_CHECKING:
    # Flask-SQLAlchemy makes its class at run time, which a type checker cannot follow.
    Model = Base
else:
    Model = db.Model


class Storage:
    """One database, PostgreSQL or SQLite, named by a URL such as `postgresql+psycopg://…` or `sqlite:////file`.

    It belongs to one application, which it is attached to by `init_app`: transactions use Flask-SQLAlchemy's
    session and default engine, single statements the engine of its bind `autocommit`.
    """

    def __init__(
        self, database_url: str, *, pool_size: int = POOL_SIZE, statement_seconds: float = FOR_REQUESTS
    ) -> None:
        """Connect lazily. Each statement ends within so many seconds, or the database is unavailable."""
        self._url = _absolute(database_url)
        self._options = _engine_options(database_url, pool_size, statement_seconds)
        self._pool_size, self._statement_seconds = pool_size, statement_seconds

    def init_app(self, app: Flask) -> None:
        """Attach to the application whose context carries the transactions."""
        app.config["SQLALCHEMY_DATABASE_URI"] = self._url
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = self._options
        app.config["SQLALCHEMY_BINDS"] = {
            _AUTOCOMMIT: {"url": self._url, **self._options, **_COMMIT_EACH_STATEMENT}
        }
        db.init_app(app)
        self._app = app
        with app.app_context():
            self._transactions, statements = db.engines[None], db.engines[_AUTOCOMMIT]
        server = DatabaseServer(self._statement_seconds)
        _prepare(self._transactions, server)
        _prepare(statements, server)
        self._statements = AutocommitPool(statements, self._pool_size)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open one transaction: committed at the end, rolled back if anything is raised. Never nested.

        What was read stays readable afterwards, and is read afresh by the next transaction. Raises
        `UnavailableError`.
        """
        with neutral_errors(), self._context():
            tx: Transaction = db.session()
            if tx.in_transaction():
                raise RuntimeError("a verb is one transaction: it was opened inside another")
            try:
                yield tx
                tx.commit()
            except BaseException:
                tx.rollback()
                raise
            finally:
                tx.close()

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

    def _context(self) -> AbstractContextManager[object]:
        # Protocol endpoints and threads of the worker have none as yet.
        is_open = has_app_context() and current_app == self._app
        return nullcontext() if is_open else self._app.app_context()


def table_of(model: type[Base]) -> Table:
    """Return the table behind a model, for statements that need no unit of work."""
    return cast("Table", model.__table__)


def insert_into(executor: Executor, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can say ON CONFLICT: both databases can, each in its own dialect."""
    dialect = executor.dialect if isinstance(executor, Connection) else executor.get_bind().dialect
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


def delete_some(executor: Executor, table: Table, condition: ColumnElement[bool], limit: int) -> int:
    """Delete at most `limit` rows, so that cleaning never holds many locks at once; return how many."""
    key = table.primary_key.columns
    chosen = select(*key).where(condition).limit(limit)
    statement = delete(table).where(tuple_(*key).in_(chosen)).returning(*key)
    return len(executor.execute(statement).all())


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


def _absolute(database_url: str) -> URL:
    """Return the URL with a relative file of SQLite below the working directory, as Alembic reads it.

    Flask-SQLAlchemy reads it below the application's instance folder.
    """
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return url
    return url.set(database=str(Path(url.database).absolute()))
