"""The migrations of the database schema (Alembic), one file for each revision."""

from enum import Enum, auto
from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import identity
from identity.database_faults import neutral_errors

HERE = Path(__file__).parent


class Tables(Enum):
    """How the tables of a database compare with those of this release."""

    MISSING = auto()
    OLDER = auto()
    CURRENT = auto()
    # A newer release migrated it.
    NEWER = auto()


def upgrade(database_url: str) -> None:
    """Migrate the database to the newest revision; raises `UnavailableError`."""
    with neutral_errors():
        command.upgrade(configuration(database_url), "head")


def configuration(database_url: str) -> Config:
    """Return the configuration that `alembic.command` takes for this database."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    # Alembic expands `%` in its options.
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


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


def import_models() -> None:
    """Import every `models` module of this service, so that the metadata knows every table."""
    root = Path(identity.__file__).parent
    for path in sorted(root.rglob("models.py")):
        import_module(".".join(("identity", *path.relative_to(root).with_suffix("").parts)))
