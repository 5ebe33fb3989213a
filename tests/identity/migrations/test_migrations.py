"""The revisions make what the models say, and undo it."""

from alembic import command
from identity import migrations
from sqlalchemy import create_engine, inspect


def test_the_migrated_database_is_what_the_models_describe(fresh_database) -> None:
    command.check(migrations.configuration(fresh_database("identity")))


def test_upgrading_twice_is_upgrading_once(fresh_database) -> None:
    migrations.upgrade(fresh_database("identity"))


def test_every_revision_can_be_undone_and_done_again(fresh_database) -> None:
    url = fresh_database("identity")
    configuration = migrations.configuration(url)
    engine = create_engine(url)

    command.downgrade(configuration, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    command.upgrade(configuration, "head")
    assert {"residents", "sessions", "clients"} <= set(inspect(engine).get_table_names())
    engine.dispose()
