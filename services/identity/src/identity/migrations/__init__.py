"""The database's history, one revision a file; `upgrade` brings a database to today."""

from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config

import identity

HERE = Path(__file__).parent


def upgrade(database_url: str) -> None:
    """Create or change the tables of the database until they are today's."""
    command.upgrade(configuration(database_url), "head")


def configuration(database_url: str) -> Config:
    """Return Alembic's configuration for this database, for `alembic.command`."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    # Alembic interpolates its options.
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def import_models() -> None:
    """Import every `models` module of this service, so that the metadata knows every table."""
    root = Path(identity.__file__).parent
    for path in sorted(root.rglob("models.py")):
        import_module(".".join(("identity", *path.relative_to(root).with_suffix("").parts)))
