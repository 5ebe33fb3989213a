"""The database, and the two ways to it.

Pages work in a `transaction` (an ORM session that commits when the verb returns). Endpoints that machines
call often use `autocommit`, where each statement is its own transaction and costs one round trip
(docs/decisions/).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask, current_app, has_app_context
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Table,
    TypeDecorator,
    create_engine,
    delete,
    event,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import DeclarativeBase, Session

# What a store is constructed with: the transaction of a verb, or a connection on which every statement
# commits.
Executor = Session | Connection
# What a verb's transaction lends to several stores.
Transaction = Session

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
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


class Base(DeclarativeBase):
    """What every stored thing derives from."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012 - SQLAlchemy reads it from the class


class Storage:
    """One database, PostgreSQL or SQLite, named by a URL such as `postgresql+psycopg://…` or `sqlite:///file`."""

    def __init__(self, database_url: str, *, pool_size: int = 8) -> None:
        self.database_url = database_url
        self._options = _engine_options(database_url, pool_size)
        # For its engine and its session in each context; models derive from `Base`, not from `db.Model`. What
        # a verb returns stays readable after its commit, without another transaction being begun for it.
        self._db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})
        self._engines: list[Engine] = []
        self._app: Flask | None = None
        self._statements: Engine = create_engine(
            database_url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, **self._options
        )
        _prepare_sqlite(self._statements)

    def init_app(self, app: Flask) -> None:
        """Attach to the application whose context carries the transactions."""
        self._app = app
        app.config["SQLALCHEMY_DATABASE_URI"] = self.database_url
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = self._options
        self._db.init_app(app)
        with app.app_context():
            _prepare_sqlite(self._db.engine)
            self._engines.append(self._db.engine)

    @contextmanager
    def standalone(self) -> Iterator[Flask]:
        """Carry transactions without pages, for the command line and the worker; lend the application."""
        app = Flask("identity")
        self.init_app(app)
        try:
            with app.app_context():
                yield app
        finally:
            self.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open one transaction: committed at the end, rolled back if anything is raised. Never nested.

        What was read stays readable afterwards, and is read afresh by the next transaction.
        """
        with self._context():
            session: Session = self._db.session()
            if session.in_transaction():
                raise RuntimeError("a verb is one transaction: it was opened inside another")
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.close()

    def _context(self) -> AbstractContextManager[object]:
        # What came in by the machines' own door has none as yet.
        is_open = has_app_context() and current_app == self._app
        return nullcontext() if is_open or self._app is None else self._app.app_context()

    def autocommit(self) -> AbstractContextManager[Connection]:
        """Lend a connection on which every statement commits by itself."""
        return self._statements.connect()

    def is_reachable(self) -> bool:
        """Tell whether the database answers."""
        try:
            with self.autocommit() as connection:
                connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001 - whatever the driver raises, the answer is no
            return False
        return True

    def dispose(self) -> None:
        """Close every connection."""
        for engine in (self._statements, *self._engines):
            engine.dispose()


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


def _engine_options(database_url: str, pool_size: int) -> dict[str, Any]:
    # Parameters hold addresses and digests; with them hidden, no error text takes any of it into a log.
    if make_url(database_url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": 10}, "hide_parameters": True}
    return {"pool_size": pool_size, "pool_pre_ping": False, "pool_recycle": 1800, "hide_parameters": True}


def _prepare_sqlite(engine: Engine) -> None:
    """Set foreign keys and write-ahead logging on each new connection; PostgreSQL needs nothing."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own objects
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()
