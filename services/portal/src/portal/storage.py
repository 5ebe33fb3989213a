"""The database, and the one way to it: a `transaction`, an ORM session that commits when the verb returns."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, TypeDecorator, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session

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
        self._engine: Engine = create_engine(database_url, **_engine_options(database_url, pool_size))
        _prepare_sqlite(self._engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open one transaction: committed at the end, rolled back if anything is raised."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    def is_reachable(self) -> bool:
        """Tell whether the database answers."""
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001 - whatever the driver raises, the answer is no
            return False
        return True

    def dispose(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _engine_options(database_url: str, pool_size: int) -> dict[str, Any]:
    if make_url(database_url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": 10}}
    return {"pool_size": pool_size, "pool_pre_ping": True, "pool_recycle": 1800}


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
