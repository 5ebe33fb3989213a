"""What every store relies on, on each kind of database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from identity.audit.models import AuditEvent
from identity.errors import UnavailableError, UnstorableTextError
from identity.migrations import import_models, upgrade
from identity.resident_notifications.models import Notice
from identity.residents.accounts.models import Resident
from identity.residents.passwords.store import Passwords
from identity.storage import Base, Storage, db, delete_some, insert_into, table_of
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
EVENTS = table_of(AuditEvent)
NOTICES = table_of(Notice)


@pytest.fixture
def app() -> Flask:
    return Flask("identity")


@pytest.fixture
def storage(fresh_database: Callable[[str], str], app: Flask) -> Iterator[Storage]:
    storage = Storage(fresh_database("identity"))
    storage.init_app(app)
    with app.app_context():
        yield storage
    storage.dispose()


def event(event_id="one", at=NOW):
    return AuditEvent(id=event_id, at=at, event="unlocked", details={})


def count(storage):
    with storage.autocommit() as connection:
        return len(connection.execute(EVENTS.select()).all())


def test_a_transaction_commits_at_its_end(storage):
    with storage.transaction() as tx:
        tx.add(event())
    assert count(storage) == 1


def test_whatever_is_raised_undoes_it(storage):
    def fail_half_way():
        with storage.transaction() as tx:
            tx.add(event())
            tx.flush()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert count(storage) == 0


def test_transactions_are_not_nested(storage):
    def nest():
        with storage.transaction() as outer:
            outer.add(event())
            outer.flush()
            with storage.transaction():
                pass

    with pytest.raises(RuntimeError, match="a verb is one transaction"):
        nest()
    assert count(storage) == 0


def test_what_a_verb_returns_stays_readable_and_begins_nothing(storage):
    with storage.transaction() as tx:
        returned = event()
        tx.add(returned)
    assert returned.event == "unlocked"
    with storage.transaction() as tx:
        assert tx.get(AuditEvent, "one") is not returned


def test_every_statement_of_autocommit_is_committed_by_itself(storage):
    with storage.autocommit() as connection:
        connection.execute(
            insert_into(connection, EVENTS).values(id="one", at=NOW, event="unlocked", details={})
        )
        assert count(storage) == 1
    assert count(storage) == 1


@pytest.mark.parametrize(
    "written",
    [
        NOW,
        NOW + timedelta(microseconds=999_999),
        NOW.astimezone(timezone(timedelta(hours=-5))),
    ],
)
def test_times_come_back_as_utc_in_whole_seconds(storage, written):
    with storage.transaction() as tx:
        tx.add(event(at=written))
    with storage.transaction() as tx:
        read = tx.get_one(AuditEvent, "one").at
    assert read == NOW
    assert read.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(storage):
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(Exception, match="a naive time reached the database"), storage.autocommit() as one:
        one.execute(insert_into(one, EVENTS).values(id="one", at=naive, event="unlocked", details={}))


def test_foreign_keys_hold(storage):
    with pytest.raises(IntegrityError), storage.autocommit() as connection:
        Passwords(connection).set_password("nobody", "hash", NOW)


def test_rows_that_hang_on_a_resident_go_with_the_resident(storage):
    with storage.transaction() as tx:
        tx.add(
            Resident(
                id="jane",
                sign_in_method="password",
                given_name="Jane",
                family_name="Doe",
                language="en",
                created_at=NOW,
            )
        )
        tx.flush()
        Passwords(tx).set_password("jane", "hash", NOW)
    with storage.autocommit() as connection:
        connection.execute(table_of(Resident).delete())
        assert Passwords(connection).find_password("jane") is None


def test_an_error_of_the_database_does_not_quote_what_was_written(storage):
    with pytest.raises(IntegrityError) as fault, storage.autocommit() as connection:
        Passwords(connection).set_password("nobody", "a hash that belongs in no log", NOW)
    assert "belongs in no log" not in str(fault.value)


@pytest.mark.parametrize("table", [EVENTS, NOTICES])
def test_deleting_some_deletes_no_more_than_asked(storage, table):
    rows = {
        "audit_events": [{"id": str(n), "at": NOW, "event": "unlocked", "details": {}} for n in range(5)],
        "notices": [{"resource_id": "urn:x", "id": str(n), "accepted_at": NOW} for n in range(5)],
    }[table.name]
    with storage.autocommit() as connection:
        connection.execute(table.insert(), rows)
        deleted = [delete_some(connection, table, table.c.id != "0", 3) for _ in range(3)]
        assert deleted == [3, 1, 0]


def test_the_database_has_exactly_the_tables_of_the_models(storage):
    import_models()
    with storage.autocommit() as connection:
        names = set(inspect(connection).get_table_names()) - {"alembic_version"}
    assert names == set(Base.metadata.tables)
    assert {"residents", "outbox", "notices", "sign_in_failures"} <= names


def test_it_tells_whether_the_database_answers(storage, tmp_path):
    assert storage.is_reachable()
    gone = Storage(f"sqlite:///{tmp_path}/no/such/folder/identity.db")
    gone.init_app(Flask("identity"))
    assert not gone.is_reachable()
    gone.dispose()


def test_a_database_that_does_not_answer_is_unavailable_in_neutral_words(app, tmp_path):
    gone = Storage(f"sqlite:///{tmp_path}/no/such/folder/identity.db")
    gone.init_app(app)
    for lend in (gone.transaction, gone.autocommit):
        with pytest.raises(UnavailableError) as fault, lend() as executor:
            executor.execute(text("SELECT 1"))
        assert str(fault.value) == "the database does not answer"


@pytest.mark.database("postgresql")
def test_a_statement_that_runs_too_long_is_given_up(fresh_database, app):
    limited = Storage(fresh_database("identity"), statement_seconds=0.05)
    limited.init_app(app)
    with limited:
        for lend in (limited.transaction, limited.autocommit):
            with pytest.raises(UnavailableError), lend() as executor:
                executor.execute(text("SELECT pg_sleep(5)"))


def test_a_relative_file_is_below_the_working_directory_as_for_migrations(app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    upgrade("sqlite:///identity.db")
    relative = Storage("sqlite:///identity.db")
    relative.init_app(app)
    with relative, relative.transaction() as tx:
        tx.add(event())
    with relative:
        assert count(relative) == 1
    assert [file.name for file in tmp_path.glob("*.db")] == ["identity.db"]


def test_a_model_is_flask_sqlalchemys_and_known_without_an_application():
    assert issubclass(AuditEvent, db.Model)
    assert EVENTS in db.metadata.tables.values()


def test_sqlite_writes_ahead_so_that_readers_never_wait(storage):
    with storage.autocommit() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        else:
            level = connection.execute(text("SHOW transaction_isolation")).scalar_one()
            assert level == "read committed"


def test_a_server_says_its_time_and_a_file_has_none(storage: Storage) -> None:
    state = storage.server_state()
    if db.engine.dialect.name == "sqlite":
        assert state is None
    else:
        assert state is not None
        assert abs(state.now - datetime.now(UTC)) < timedelta(minutes=1)
        assert not state.is_pooled


@pytest.mark.parametrize("unstorable", ["a\0b", "\0", "\ud800", "a\udfffb"])
@pytest.mark.parametrize("way", ["autocommit", "transaction"])
def test_text_that_no_database_holds_is_neither_looked_up_nor_stored(storage, way, unstorable):
    for statement in (
        EVENTS.select().where(EVENTS.c.id == unstorable),
        EVENTS.insert().values(id="two", at=NOW, event=unstorable, details={}),
    ):
        with pytest.raises(UnstorableTextError), getattr(storage, way)() as executor:
            executor.execute(statement)
    assert count(storage) == 0


def test_every_row_of_several_is_checked(storage):
    rows = [{"id": each, "at": NOW, "event": "unlocked", "details": {}} for each in ("one", "t\0o")]
    with pytest.raises(UnstorableTextError), storage.autocommit() as connection:
        connection.execute(EVENTS.insert(), rows)
    assert count(storage) == 0


@pytest.mark.parametrize("text_", ["é", "\U0001f4a7", "\ufffd", "", "\x01"])
def test_other_text_is_stored_as_it_is(storage, text_):
    with storage.autocommit() as connection:
        connection.execute(insert_into(connection, EVENTS).values(id="one", at=NOW, event=text_, details={}))
        assert connection.execute(select(EVENTS.c.event)).scalar_one() == text_
