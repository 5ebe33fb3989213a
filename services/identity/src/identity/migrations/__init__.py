"""The migrations of the database schema (Alembic), one file for each revision."""

from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config

import identity

HERE = Path(__file__).parent


def upgrade(database_url: str) -> None:
    """Migrate the database to the newest revision."""
    command.upgrade(configuration(database_url), "head")


def configuration(database_url: str) -> Config:
    """Return the configuration that `alembic.command` takes for this database."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    # Alembic expands `%` in its options.
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def import_models() -> None:
    """Import every `models` module of this service, so that the metadata knows every table."""
    root = Path(identity.__file__).parent
    for path in sorted(root.rglob("models.py")):
        import_module(".".join(("identity", *path.relative_to(root).with_suffix("").parts)))
