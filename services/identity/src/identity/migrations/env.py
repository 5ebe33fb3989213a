"""What Alembic runs, for `upgrade` and for `revision --autogenerate`; there is no alembic.ini."""

from typing import Literal

from alembic import context
from sqlalchemy import text

from identity.migrations import import_models
from identity.storage import Base, UtcDateTime, migration_engine

# Any number that no other program locks on in this database.
MIGRATION_LOCK = 8_210_417_001


def render_item(type_: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own column type as what it is in the database: old revisions never import us."""
    if type_ == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Run the wanted revisions in one transaction, while no other process does."""
    import_models()
    engine = migration_engine(context.config.get_main_option("sqlalchemy.url") or "")
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_item=render_item,
            render_as_batch=engine.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            context.run_migrations()
    engine.dispose()


run()
