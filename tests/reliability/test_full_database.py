"""A database whose disk is full, whose tables are held, that refuses to write or has another time.

Real servers and processes: each is told to come back or finds nothing wrong, none hangs, and each goes on by
itself. The disk is a small file system in memory, which needs root.
"""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
import requests
from billing_link.rpc.health import check_health
from local_stack import free_ports
from service_processes import (
    SECONDS_TO_START,
    SECRET_KEYS,
    OwnPostgresql,
    Process,
    WebService,
    commands,
    wait_until,
)
from sqlalchemy import NullPool, create_engine, make_url, text

SERVICES = ("identity", "portal", "billing_link")
MEGABYTES_OF_A_SERVER, MEGABYTES_OF_FILES = 160, 16
# Forms sent at the same time, and all of them.
AT_ONCE, FORMS = 8, 40
# Seconds until readiness has tried to write again, and one for its answer.
UNTIL_TOLD = 13
WRONG_CLOCK = (
    "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
    " AS $$SELECT pg_catalog.clock_timestamp() + interval '2 hours'$$"
)
CLOSE_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Disk:
    """A file system with room for so much, which can be filled."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("only root may mount a small file system")
        self._filler = folder / "filler"

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                assert shutil.disk_usage(self.folder).free == 0

    def empty(self) -> None:
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=True)  # noqa: S607 - as above


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    # Not below pytest's directory, which is closed to the user that PostgreSQL runs as for root.
    folder = Path(tempfile.mkdtemp(prefix="reliability-disk-"))
    disk = Disk(folder, megabytes)
    try:
        yield disk
    finally:
        disk.empty()
        disk.close()
        folder.rmdir()


class Services:
    """The services on one kind of database, with the addresses of their databases."""

    def __init__(self, start: Callable[..., Process], urls: dict[str, str]) -> None:
        identity, portal, billing = (f"127.0.0.1:{port}" for port in free_ports(3))
        self._start, self.billing = start, billing
        issuer = f"http://{identity}"
        self._settings = {
            "IDENTITY_ISSUER": issuer,
            "IDENTITY_BIND": identity,
            "IDENTITY_DATABASE_URL": urls["identity"],
            "IDENTITY_SECRET_KEYS": SECRET_KEYS,
            "IDENTITY_SIGN_INS_PER_MINUTE": "100000",
            "PORTAL_BASE_URL": f"http://{portal}",
            "PORTAL_BIND": portal,
            "PORTAL_DATABASE_URL": urls["portal"],
            "PORTAL_SECRET_KEYS": SECRET_KEYS,
            "PORTAL_ISSUER": issuer,
            "PORTAL_CLIENT_ID": "portal",
            "PORTAL_CLIENT_SECRET": "secret",
            "PORTAL_CITY": "pinellas-park",
            "BILLING_LINK_DATABASE_URL": urls["billing_link"],
            "BILLING_LINK_BIND": billing,
            "BILLING_LINK_ISSUER": issuer,
            "BILLING_LINK_RESOURCE_SECRET": "secret",
        }
        self.identity = WebService("identity", self.run("identity", "serve"), issuer)
        # Makes the signing keys, which the worker would make again.
        wait_until(lambda: self.identity.ready().status == 200, 2 * SECONDS_TO_START)
        self.portal = WebService("portal", self.run("portal", "serve"), f"http://{portal}")
        self.processes = [self.run("billing_link", "serve"), self.run("identity", "worker")]
        self.portal_address, self.issuer = f"http://{portal}", issuer
        wait_until(lambda: self.are_ready(200, "SERVING"), 2 * SECONDS_TO_START, self.log)

    def run(self, *command: str) -> Process:
        return self._start(*command, **self._settings)

    def log(self) -> str:
        processes = (self.identity.process, self.portal.process, *self.processes)
        return "".join(process.output for process in processes)

    def are_ready(self, status: int, health: str) -> bool:
        web = {self.identity.ready().status, self.portal.ready().status}
        return web == {status} and check_health(self.billing, seconds=1) == health

    def live(self) -> set[int]:
        return {self.identity.live().status, self.portal.live().status}

    def sign_in(self, number: int) -> requests.Response:
        """Send a form with an unknown address and a wrong password: it is counted, and so is written."""
        with requests.Session() as browser:
            browser.trust_env = False
            page = browser.get(f"{self.issuer}/sign-in", timeout=20)
            token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.text)
            assert token, page.text
            typed = {"csrf_token": token[1], "email": f"{number}@example.com", "password": "wrong password"}
            return browser.post(
                f"{self.issuer}/sign-in", data=typed, timeout=20, headers={"Accept-Language": "es"}
            )

    def sign_ins(self) -> list[requests.Response]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.sign_in, range(FORMS)))

    def portal_sign_in(self) -> requests.Response:
        with requests.Session() as browser:
            browser.trust_env = False
            return browser.get(f"{self.portal_address}/sign-in", timeout=20, allow_redirects=False)


@pytest.fixture
def urls_of_files() -> Iterator[tuple[Disk, dict[str, str]]]:
    with small_disk(MEGABYTES_OF_FILES) as disk:
        yield (
            disk,
            {name: f"sqlite:///{disk.folder}/{name}.db" for name in ("identity", "portal", "billing_link")},
        )


@pytest.fixture
def urls_of_a_server() -> Iterator[tuple[Disk, dict[str, str]]]:
    with small_disk(MEGABYTES_OF_A_SERVER) as disk:
        server = OwnPostgresql(disk.folder)
        try:
            yield disk, urls_on(server)
        finally:
            disk.empty()
            server.close()


def urls_on(server: OwnPostgresql) -> dict[str, str]:
    """Return the addresses of new databases, migrated, of each service."""
    return {
        service: make_url(server.url)
        .set(database=server.create(service))
        .render_as_string(hide_password=False)
        for service in ("identity", "portal", "billing_link")
    }


@contextmanager
def operator_of(url: str) -> Iterator[Callable[[str], object]]:
    """Run statements as the database's operator does, each committed by itself."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield lambda statement: connection.execute(text(statement))


@pytest.mark.parametrize("kind", ["urls_of_a_server", "urls_of_files"])
def test_a_full_disk_is_told_and_its_end_is_seen(kind: str, start, request) -> None:
    disk, urls = request.getfixturevalue(kind)
    if kind == "urls_of_files":
        for service, url in urls.items():
            import_module(f"{service}.migrations").upgrade(url)
    services = Services(start, urls)
    assert services.portal_sign_in().status_code == 303
    disk.fill()

    answers = services.sign_ins()
    assert {answer.status_code for answer in answers} <= {200, 400, 401, 422, 429, 503}, answers
    refused = [answer for answer in answers if answer.status_code == 503]
    assert kind == "urls_of_files" or refused
    for answer in refused:
        assert answer.headers["Retry-After"] == "10"
        assert "Inténtelo de nuevo en unos minutos." in answer.text
    assert services.portal_sign_in().status_code in (303, 503)
    wait_until(lambda: services.are_ready(503, "NOT_SERVING"), UNTIL_TOLD, services.log)
    assert services.live() == {200}
    assert "no room left on its disk" in services.log()

    disk.empty()
    wait_until(lambda: services.are_ready(200, "SERVING"), 6, services.log)
    assert 503 not in {answer.status_code for answer in services.sign_ins()}
    assert services.portal_sign_in().status_code == 303
    assert all(process.process.poll() is None for process in services.processes)


@pytest.fixture(scope="module")
def urls(own_postgresql: OwnPostgresql) -> dict[str, str]:
    return urls_on(own_postgresql)


@pytest.fixture(scope="module")
def services(urls: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Return the services on a server with room; each test leaves them as they were."""
    with commands(tmp_path_factory.mktemp("services")) as start:
        yield Services(start, urls)


def test_tables_that_others_hold_stop_nothing_else(services, urls) -> None:
    holder = create_engine(urls["identity"], poolclass=NullPool)
    with holder.begin() as tx:
        tx.execute(text("LOCK TABLE clients, cities, sign_in_failures, request_counts"))
        began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            held = [pool.submit(services.identity.page) for _ in range(AT_ONCE // 2)]
            ready, live = services.identity.ready(), services.identity.live()
            answers = [one.result() for one in held]
        assert (ready.status, live.status) == (200, 200)
        assert max(ready.seconds, live.seconds) < 2
        assert {answer.status for answer in answers} == {503}
        assert time.monotonic() - began < 8
        said = services.run("identity", "doctor")
        said.process.wait(40)
        assert "has held a lock for" in said.output
        assert "pg_terminate_backend" in said.output
    wait_until(lambda: services.identity.page().status < 500, 3)


def test_a_server_that_refuses_to_write_is_told_and_its_return_is_seen(services, urls) -> None:
    with operator_of(urls["identity"]) as operate:
        try:
            operate("ALTER SYSTEM SET default_transaction_read_only = on")
            operate("SELECT pg_reload_conf()")
            wait_until(lambda: services.are_ready(503, "NOT_SERVING"), 8, services.log)
            answers = services.sign_ins()
            assert {answer.status_code for answer in answers} == {503}
            assert services.portal_sign_in().status_code == 503
            assert services.live() == {200}
        finally:
            operate("ALTER SYSTEM RESET default_transaction_read_only")
            operate("SELECT pg_reload_conf()")
    wait_until(lambda: services.are_ready(200, "SERVING"), 8, services.log)
    assert 503 not in {answer.status_code for answer in services.sign_ins()}


def tell_time(urls: dict[str, str], change: str, setting: str) -> None:
    """Change what each database says of its time to new connections, and close the others."""
    for url in urls.values():
        with operator_of(url) as operate:
            operate(change)
            operate(f'ALTER DATABASE "{make_url(url).database}" {setting}')
            operate(CLOSE_OTHERS)


@contextmanager
def wrong_clock(urls: dict[str, str]) -> Iterator[None]:
    """Let each database be two hours ahead."""
    tell_time(urls, WRONG_CLOCK, "SET search_path = public, pg_catalog")
    try:
        yield
    finally:
        tell_time(urls, "DROP FUNCTION public.clock_timestamp()", "RESET search_path")


def test_a_machine_with_another_time_than_its_database_serves_nothing(services, urls) -> None:
    with wrong_clock(urls):
        wait_until(lambda: services.are_ready(503, "NOT_SERVING"), 10, services.log)
        assert services.live() == {200}
        serving = [(service, "serve") for service in SERVICES]
        for refused in [services.run(*command) for command in (*serving, ("identity", "worker"))]:
            assert refused.process.wait(2 * SECONDS_TO_START) != 0
            said = r"this machine's clock is 7(199|200) seconds behind the database's"
            assert re.search(said, refused.output), refused.output
    wait_until(lambda: services.are_ready(200, "SERVING"), 10, services.log)
