"""The revisions make what the models say, and undo it."""

from datetime import UTC, datetime

from alembic import command
from alembic.script import ScriptDirectory
from identity import migrations
from sqlalchemy import MetaData, Table, create_engine, inspect, text


def test_the_migrated_database_is_what_the_models_describe(fresh_database) -> None:
    command.check(migrations.configuration(fresh_database("identity")))


def test_upgrading_twice_is_upgrading_once(fresh_database) -> None:
    migrations.upgrade(fresh_database("identity"))


def test_every_city_there_is_gets_a_salt_of_its_own(fresh_database) -> None:
    url = fresh_database("identity")
    configuration = migrations.configuration(url)
    engine = create_engine(url)
    command.downgrade(configuration, "0005")
    cities = Table("cities", MetaData(), autoload_with=engine)
    city = dict.fromkeys(cities.columns.keys(), "") | {"languages": [], "sign_in_methods": None}
    with engine.begin() as connection:
        connection.execute(cities.insert(), [city | {"id": name} for name in ("gulfport", "pinellas-park")])

    command.upgrade(configuration, "head")
    with engine.connect() as connection:
        salts = connection.scalars(text("SELECT subject_salt FROM cities")).all()
    assert len(set(salts)) == 2
    assert all(len(salt) == 43 for salt in salts)
    engine.dispose()


def test_every_revision_can_be_undone_and_done_again(fresh_database) -> None:
    url = fresh_database("identity")
    configuration = migrations.configuration(url)
    engine = create_engine(url)

    command.downgrade(configuration, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    command.upgrade(configuration, "head")
    assert {"residents", "sessions", "clients"} <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_the_release_before_can_still_write(fresh_database) -> None:
    """What a revision adds to a table that is there may be left out: the old processes serve on."""
    url = fresh_database("identity")
    configuration = migrations.configuration(url)
    engine = create_engine(url)

    def columns() -> dict[str, dict[str, bool]]:
        found = inspect(engine)
        return {
            table: {
                each["name"]: each["nullable"] or bool(each["default"]) for each in found.get_columns(table)
            }
            for table in found.get_table_names()
        }

    command.downgrade(configuration, "0001")
    needed, before = set(), columns()
    for revision in reversed(list(ScriptDirectory.from_config(configuration).walk_revisions())):
        command.upgrade(configuration, revision.revision)
        after = columns()
        needed |= {
            f"{table}.{name}"
            for table, known in before.items()
            for name, may_be_absent in after.get(table, {}).items()
            if name not in known and not may_be_absent
        }
        before = after
    engine.dispose()
    # Only operators write cities, and a default salt would be public.
    assert needed == {"cities.subject_salt"}


def test_failures_that_were_counted_stay_counted(fresh_database) -> None:
    url = fresh_database("identity")
    configuration = migrations.configuration(url)
    engine = create_engine(url)
    command.downgrade(configuration, "0009")
    counts = Table("sign_in_failures", MetaData(), autoload_with=engine)
    at = datetime.now(UTC)
    with engine.begin() as connection:
        for subject, failures in (("jane", 7), ("john", 93)):
            row = {"subject": subject, "origin": "all", "failures": failures, "last_failed_at": at}
            connection.execute(counts.insert().values(**row))
    command.upgrade(configuration, "head")
    with engine.begin() as connection:
        rows = connection.execute(
            text("SELECT subject, failures, counted_on FROM sign_in_failures WHERE origin = 'strangers'")
        )
        assert {row[:2] for row in rows} == {("jane", 7), ("john", 50)}
        # The database is used again.
        connection.execute(text("DELETE FROM sign_in_failures"))
    engine.dispose()


def test_tables_are_compared_with_those_of_this_release(fresh_database) -> None:
    engine = create_engine(fresh_database("identity"))
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
