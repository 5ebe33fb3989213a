import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from billing_link import migrations
from billing_link.storage import Base
from sqlalchemy import create_engine, inspect, text


@pytest.fixture
def engine(database_url):
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def test_the_migrated_tables_are_those_of_the_code(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_what_is_missing_would_be_noticed(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_links_pair")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) != []
        # The database is used again by the next test.
        connection.exec_driver_sql(
            "CREATE INDEX ix_links_pair ON links (city_id, customer_id_key, account_number_key)"
        )


def test_an_upgraded_database_is_current(database_url):
    migrations.upgrade(database_url)
    assert migrations.is_current(database_url)


def test_an_empty_database_is_not(tmp_path):
    assert not migrations.is_current(f"sqlite:///{tmp_path}/empty.db")


def test_every_revision_can_be_taken_back(tmp_path):
    url = f"sqlite:///{tmp_path}/there-and-back.db"
    migrations.upgrade(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        config = migrations.configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_tables_are_compared_with_those_of_this_release(database_url) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert migrations.tables_of(connection) is migrations.Tables.CURRENT
        connection.execute(text("UPDATE alembic_version SET version_num = 'of-tomorrow'"))
        assert migrations.tables_of(connection) is migrations.Tables.NEWER
        # Nothing is committed: the database is used again.
        connection.rollback()
    engine.dispose()


def test_a_new_database_has_no_tables() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        assert migrations.tables_of(connection) is migrations.Tables.MISSING
    engine.dispose()
