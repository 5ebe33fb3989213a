"""The database's history, one revision a file in `versions/`; `upgrade` brings a database to today."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def configuration(database_url: str) -> Config:
    """Return alembic's configuration for this database; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str) -> None:
    """Create or change the tables of the database until they are today's."""
    command.upgrade(configuration(database_url), "head")
