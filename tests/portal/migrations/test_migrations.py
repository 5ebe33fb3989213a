"""The revisions make what the models say, and undo it."""

from alembic import command
from portal import migrations
from sqlalchemy import create_engine, inspect, text


def test_the_migrated_database_is_what_the_models_describe(fresh_database) -> None:
    command.check(migrations.configuration(fresh_database("portal")))


def test_upgrading_twice_is_upgrading_once(fresh_database) -> None:
    migrations.upgrade(fresh_database("portal"))


def test_the_first_revision_can_be_undone_and_done_again(fresh_database) -> None:
    url = fresh_database("portal")
    configuration = migrations.configuration(url)
    engine = create_engine(url)

    command.downgrade(configuration, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    command.upgrade(configuration, "head")
    assert {"sessions", "sign_in_attempts"} <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_tables_are_compared_with_those_of_this_release(fresh_database) -> None:
    engine = create_engine(fresh_database("portal"))
    with engine.connect() as connection:
        assert migrations.tables_of(connection) is migrations.Tables.CURRENT
        for revision, tables in (("0001", "OLDER"), ("of-tomorrow", "NEWER")):
            connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
            assert migrations.tables_of(connection).name == tables
        # Nothing is committed: the database is used again.
        connection.rollback()
    engine.dispose()


def test_a_new_database_has_no_tables() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        assert migrations.tables_of(connection) is migrations.Tables.MISSING
    engine.dispose()
