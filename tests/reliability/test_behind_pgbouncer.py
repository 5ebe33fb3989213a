"""Every service behind a pooler in transaction mode: PgBouncer, where each transaction may get any session.

With three sessions for all of them, a statement prepared or a setting made in one is missing in the next.
"""

import io
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from billing_link.billing_records.import_records import Imported, ImportRecords
from billing_link.clock import SystemClock
from billing_link.linking.cities import read_city
from billing_link.linking.city_store import Cities
from billing_link.storage import Storage as BillingLinkStorage
from billing_link.storage import hold
from flask import Flask
from identity.audit.models import AuditEvent
from identity.compiled_statements import CompiledStatement
from identity.errors import UnavailableError
from identity.storage import Storage as IdentityStorage
from identity.storage import table_of
from local_stack import free_ports
from portal.identity_client.logout_token import LogoutToken
from portal.sign_in.backchannel_logout.store import UsedLogoutTokens
from portal.storage import Storage as PortalStorage
from portal.web.sessions.store import Sessions
from relay import Relay
from service_processes import OwnPostgresql, wait_until
from sqlalchemy import bindparam, create_engine, insert, make_url, select, text

AT_ONCE, TIMES, REQUESTS = 6, 20, 160
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CITY = {
    "id": "pinellas-park",
    "name": "City of Pinellas Park",
    "account_number": {"segments": [{"width": 6}, {"width": 2}]},
    "customer_id": {"segments": [{"width": 6}]},
}
COLUMNS = (
    "record,account_number,customer_id,name,service_address,mailing_address,status,closed_on,services,"
    "entry_id,kind,posted_on,due_on,amount,bill_number,email"
)
RECORDS = f"""{COLUMNS}
account,004215-01,108734,Jane Example,7100 60th St N,,active,,water,,,,,,,
account,004216-02,108735,John Sample,7104 60th St N,,active,,water,,,,,,,
""".encode()
EVENTS = table_of(AuditEvent)
ADD = CompiledStatement(insert(EVENTS))
FIND = CompiledStatement(select(EVENTS.c.at).where(EVENTS.c.id == bindparam("wanted")))


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Return a directory that every user can read; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def pooler(
    own_postgresql: OwnPostgresql, relay_to: Callable[[str], Relay], start, open_directory: Path
) -> str:
    """Start PgBouncer, and return where it listens."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if program is None:
        pytest.skip("install pgbouncer (Debian, Ubuntu)")
    # The server's socket is in a folder that PgBouncer's user cannot open.
    server = relay_to(own_postgresql.socket)
    bind = f"127.0.0.1:{free_ports(1)[0]}"
    settings, users = open_directory / "pgbouncer.ini", open_directory / "users.txt"
    users.write_text('"postgres" ""\n')
    settings.write_text(
        f"""[databases]
* = host=127.0.0.1 port={server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {bind.partition(":")[2]}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = 3
"""
    )
    # It does not run as root.
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    start(program, *user, str(settings))
    return bind


@pytest.fixture
def pooled(own_postgresql: OwnPostgresql, pooler: str) -> Callable[[str], str]:
    """Return a function from a service to the address of its database, migrated through the pooler."""

    def make(service: str) -> str:
        name = own_postgresql.create(service, migrated=False)
        url = f"postgresql+psycopg://postgres@{pooler}/{name}"
        wait_until(lambda: answers(url), 10)
        import_module(f"{service}.migrations").upgrade(url)
        return url

    return make


def answers(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect():
            return True
    except Exception:  # noqa: BLE001 - it has not started yet
        return False
    finally:
        engine.dispose()


def in_many_threads(work: Callable[[str], object]) -> list[object]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, [str(number) for number in range(AT_ONCE * TIMES)]))


@pytest.fixture
def identity(pooled) -> Iterator[IdentityStorage]:
    storage = IdentityStorage(pooled("identity"))
    storage.init_app(Flask("identity"))
    with storage:
        yield storage


def test_identitys_transactions_and_single_statements(identity) -> None:
    def work(name: str) -> object:
        with identity.transaction() as tx:
            tx.add(AuditEvent(id=f"a{name}", at=NOW, event="unlocked", details={}))
        with identity.autocommit() as connection:
            ADD.row(connection, {"id": f"b{name}", "at": NOW, "event": "unlocked", "details": {}})
            connection.execute(select(EVENTS).where(EVENTS.c.id == f"a{name}")).one()
            return FIND.row(connection, {"wanted": f"b{name}"}).at

    assert set(in_many_threads(work)) == {NOW}


def test_a_statement_has_an_end_although_the_server_knows_of_none(pooled) -> None:
    storage = IdentityStorage(pooled("identity"), statement_seconds=0.3)
    storage.init_app(Flask("identity"))
    with storage:
        began = time.monotonic()
        with pytest.raises(UnavailableError), storage.autocommit() as connection:
            connection.execute(text("SELECT pg_sleep(4)"))
        assert time.monotonic() - began < 2
        wait_until(storage.is_reachable, 2)


def test_the_portals_sessions(pooled) -> None:
    with PortalStorage(pooled("portal")) as storage:

        def work(name: str) -> object:
            with storage.transaction() as tx:
                secret = Sessions(tx).add_session(name, "jane", "sid", "sealed", NOW)
                # With a savepoint, which a pooler keeps with its transaction.
                token = LogoutToken(jti=name, expires_at=2**31, sid=f"sid-{name}", subject="")
                assert UsedLogoutTokens(tx).claim_token(token, NOW + timedelta(hours=1), NOW)
                assert not UsedLogoutTokens(tx).claim_token(token, NOW + timedelta(hours=1), NOW)
            with storage.transaction() as tx:
                found = Sessions(tx).find_session(secret, NOW)
                return found and found.subject

        assert set(in_many_threads(work)) == {"jane"}


def test_billing_links_locks_and_import(pooled) -> None:
    with BillingLinkStorage(pooled("billing_link")) as storage:
        city = read_city(CITY)

        def work(name: str) -> object:
            with storage.transaction() as tx:
                hold(tx, "city", city.id)
                Cities(tx).put_city(city.id, city.model_dump(mode="json", exclude_none=True), NOW)
            with storage.autocommit() as connection:
                return bool(Cities(connection).find_document(city.id))

        assert set(in_many_threads(work)) == {True}
        for _ in range(3):
            imported = ImportRecords(storage, SystemClock())(
                io.BytesIO(RECORDS), city.id, city.bill_numbers(), lambda: None
            )
            assert isinstance(imported, Imported), imported


def test_a_running_identity_answers_many_requests(pooled, web_service) -> None:
    running = web_service("identity", pooled("identity"))
    paths = ("/authorize?client_id=unknown", "/health/ready", "/jwks", "/cities/unknown")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [(path, pool.submit(running.get, path)) for path in paths * (REQUESTS // len(paths))]
        statuses = Counter((path, one.result().status) for path, one in asked)
    expected = dict(zip(paths, (400, 200, 200, 404), strict=True))
    assert statuses == {(path, status): REQUESTS // len(paths) for path, status in expected.items()}


def test_a_pooler_is_told_from_a_server(pooled, own_postgresql) -> None:
    through = pooled("portal")
    direct = make_url(own_postgresql.url).set(database=make_url(through).database)
    told = {}
    for name, url in (("pooler", through), ("server", direct.render_as_string(hide_password=False))):
        with PortalStorage(url) as storage, storage.transaction() as tx:
            limit = tx.execute(text("SHOW statement_timeout")).scalar_one()
            is_pooled = tx.connection().connection.driver_connection.is_pooled
        with PortalStorage(url) as storage:
            told[name] = (is_pooled, limit, storage.server_state().is_pooled)
    assert told == {"pooler": (True, "0", True), "server": (False, "2500ms", False)}
