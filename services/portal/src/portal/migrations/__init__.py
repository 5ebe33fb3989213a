"""The database's history, one revision a file in `versions/`; `upgrade` brings a database to today."""

from enum import Enum, auto
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from portal.database_faults import neutral_errors


class Tables(Enum):
    """How the tables of a database compare with those of this release."""

    MISSING = auto()
    OLDER = auto()
    CURRENT = auto()
    # A newer release migrated it.
    NEWER = auto()


def configuration(database_url: str) -> Config:
    """Return alembic's configuration for this database; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str) -> None:
    """Create or change the tables of the database until they are today's; raises `UnavailableError`."""
    with neutral_errors():
        command.upgrade(configuration(database_url), "head")


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
