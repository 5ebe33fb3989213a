"""The database's history, one revision a file; `upgrade` brings a database to today.

Owns how Alembic is run: from code, without a configuration file, so that an installed wheel can migrate.
Everything between two releases is one revision or more; a released revision is never edited.
"""

from enum import Enum, auto
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from billing_link.database_faults import neutral_errors
from billing_link.storage import hold, migration_engine


class Tables(Enum):
    """How the tables of a database compare with those of this release."""

    MISSING = auto()
    OLDER = auto()
    CURRENT = auto()
    # A newer release migrated it.
    NEWER = auto()


def configuration() -> Config:
    """Return Alembic's configuration."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(database_url: str) -> None:
    """Create or change the tables of the database until they are today's; does nothing if they are.

    Raises `UnavailableError` when the database does not answer.
    """
    engine = migration_engine(database_url)
    try:
        with neutral_errors(), engine.begin() as connection:
            # Two that are started at the same time migrate one after the other.
            hold(connection, "migrations")
            config = configuration()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def is_current(database_url: str) -> bool:
    """Tell whether the tables are today's; raises `UnavailableError` when the database does not answer."""
    engine = migration_engine(database_url)
    try:
        with neutral_errors(), engine.connect() as connection:
            return _revision(connection) == ScriptDirectory.from_config(configuration()).get_current_head()
    finally:
        engine.dispose()


def tables_of(connection: Connection) -> Tables:
    """Return how the tables compare with those of this release."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return Tables.MISSING
    history = ScriptDirectory(str(Path(__file__).parent))
    if revision == history.get_current_head():
        return Tables.CURRENT
    is_known = any(revision == each.revision for each in history.walk_revisions())
    return Tables.OLDER if is_known else Tables.NEWER


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
