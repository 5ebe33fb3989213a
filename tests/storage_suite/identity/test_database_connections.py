"""Every wait for PostgreSQL has an end, and what is found out about the server is found out once."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from identity.database_connections import FOR_COMMANDS, DatabaseServer
from identity.errors import UnavailableError
from identity.storage import Storage, migration_engine
from relay import Relay
from sqlalchemy import Connection, NullPool, create_engine, make_url, text

pytestmark = pytest.mark.database("postgresql")
SECONDS = 0.5
AT_ONCE = 4


@pytest.fixture
def relay(postgresql_server: str, relay_to: Callable[[str], Relay]) -> Relay:
    """Return a relay to the server, whose socket may be anywhere."""
    host = create_engine(postgresql_server).url.query.get("host")
    folder = host or make_url(postgresql_server).host
    return relay_to(f"{folder}/.s.PGSQL.5432" if str(folder).startswith("/") else f"{folder}:5432")


@pytest.fixture
def url(fresh_database: Callable[[str], str], relay: Relay) -> str:
    direct = make_url(fresh_database("identity"))
    through = direct.set(host="127.0.0.1", port=relay.port, query={}, username=direct.username or "postgres")
    return through.render_as_string(hide_password=False)


@pytest.fixture
def storage(url: str) -> Iterator[Storage]:
    storage = Storage(url, statement_seconds=SECONDS)
    storage.init_app(Flask("identity"))
    with storage:
        yield storage


def ask(storage: Storage) -> float:
    """Ask by both ways, and return the seconds until the database was found unavailable."""
    began = time.monotonic()
    with pytest.raises(UnavailableError), storage.autocommit() as connection:
        connection.execute(text("SELECT 1"))
    with pytest.raises(UnavailableError), storage.transaction() as tx:
        tx.execute(text("SELECT 1"))
    return time.monotonic() - began


def use(storage: Storage, _number: int = 0) -> None:
    with storage.autocommit() as connection, storage.transaction() as tx:
        connection.execute(text("SELECT pg_sleep(0.05)"))
        tx.execute(text("SELECT 1"))


def use_many(storage: Storage) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: use(storage), range(AT_ONCE)))


def test_a_wait_for_a_silent_server_ends(storage, relay):
    use(storage)
    relay.freeze()
    assert SECONDS <= ask(storage) < 2


def test_what_comes_next_is_refused_but_one_attempt_at_a_time(storage, relay):
    use_many(storage)
    relay.freeze()
    ask(storage)
    accepted = relay.accepted
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: ask(storage), range(3 * AT_ONCE)))
    assert relay.accepted <= accepted + 2


def test_it_is_used_again_within_a_second_of_its_return(storage, relay):
    use_many(storage)
    relay.freeze()
    ask(storage)
    relay.thaw()
    time.sleep(0.6)
    use_many(storage)


def test_one_that_was_lost_in_silence_tells_of_all_the_others(storage, relay):
    use_many(storage)
    relay.forget()
    with pytest.raises(UnavailableError), storage.transaction() as tx:
        tx.execute(text("SELECT 1"))
    time.sleep(0.6)
    # One of them that waited in vain would have failed.
    use_many(storage)


def test_one_that_was_closed_tells_of_all_the_others(storage, relay):
    use_many(storage)
    relay.drop()
    with pytest.raises(UnavailableError), storage.transaction() as tx:
        tx.execute(text("SELECT 1"))
    use_many(storage)


def test_a_server_that_writes_no_longer_is_left(storage, relay):
    with storage.autocommit() as connection:
        connection.execute(text("SET default_transaction_read_only = on"))
    accepted = relay.accepted
    with pytest.raises(UnavailableError, match="read-only"), storage.autocommit() as connection:
        connection.execute(text("DELETE FROM audit_events"))
    with storage.autocommit() as connection:
        connection.execute(text("DELETE FROM audit_events"))
    assert relay.accepted == accepted + 1


def test_readiness_too_leaves_a_server_that_writes_no_longer(storage, relay):
    with storage.autocommit() as connection:
        connection.execute(text("SET default_transaction_read_only = on"))
    assert storage.server_state().is_read_only
    assert not storage.server_state().is_read_only


def test_where_no_other_server_takes_over_connections_are_kept(storage, url, relay):
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as other:
        name = other.execute(text("SELECT current_database()")).scalar_one()
        other.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        try:
            accepted = relay.accepted
            for _ in range(10):
                with pytest.raises(UnavailableError, match="read-only"), storage.autocommit() as connection:
                    connection.execute(text("DELETE FROM audit_events"))
            assert relay.accepted <= accepted + 2
        finally:
            other.execute(text("SET default_transaction_read_only = off"))
            other.execute(text(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'))


def test_a_connection_made_while_others_are_lost_is_used(storage, monkeypatch):
    made = DatabaseServer._connect_now  # noqa: SLF001 - nothing else is between a connection and its use

    def connect_and_lose(server, arguments, parameters):
        connection = made(server, arguments, parameters)
        server.note_loss(0)
        return connection

    monkeypatch.setattr(DatabaseServer, "_connect_now", connect_and_lose)
    use(storage)


def test_a_statement_that_the_server_gives_up_loses_no_connection(storage, relay):
    use(storage)
    accepted = relay.accepted
    with pytest.raises(UnavailableError), storage.autocommit() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    use(storage)
    assert relay.accepted == accepted


def test_a_server_that_is_silent_from_the_start_is_given_up(storage, relay):
    relay.freeze()
    began = time.monotonic()
    assert not storage.is_reachable()
    assert not storage.is_reachable()
    assert time.monotonic() - began < 4


def parameters(connection: Connection) -> dict[str, str]:
    found: dict[str, str] = connection.connection.driver_connection.info.get_parameters()
    return found


def test_tcp_looks_for_the_other_end_and_an_address_may_say_otherwise(storage, url):
    with storage.autocommit() as connection:
        found = parameters(connection)
    expected = {"connect_timeout": "2", "keepalives_idle": "15", "tcp_user_timeout": "30000"}
    assert expected.items() <= found.items()

    other = Storage(f"{url}?connect_timeout=7&options=-c%20search_path%3Dpublic")
    other.init_app(Flask("identity"))
    with other, other.autocommit() as connection:
        assert parameters(connection)["connect_timeout"] == "7"
        assert connection.execute(text("SHOW search_path")).scalar_one() == "public"


def test_migrations_have_a_limit_too(url):
    engine = migration_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "1h"
        assert connection.connection.driver_connection.deadline > FOR_COMMANDS
    engine.dispose()
