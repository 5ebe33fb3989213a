"""What fails around a running identity, in the form of `attack_scenarios`."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

import psycopg
from aiosmtpd.controller import Controller
from attack_scenarios import Attack, Tally, Target
from attacks import Flood, Request, ask
from local_stack import free_ports
from relay import Relay
from reliability_rows import Counts, counts_of
from residents import PASSWORD, Browser, sign_ins
from service_processes import SECRET_KEYS, Process, wait_until


@contextmanager
def killed_web_process(target: Target) -> Iterator[Tally]:
    """Kill one of the two web processes while 20 connections ask for a page."""
    tally = Tally()
    running = Flood(target.port, [Request("/sign-in")], connections=20, seconds=6)
    time.sleep(1)
    for worker in _children(target.web.process.process.pid)[-1:]:
        os.kill(worker, signal.SIGKILL)
    yield tally
    tally.counts = counts_of(running.end())


def _children(process: int) -> list[int]:
    """Return the processes that a process has started, but for what Python starts by itself."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return [
        child for child in found if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def while_the_database(fault: Callable[[Target], AbstractContextManager[None]]) -> Attack:
    """Let the database have a fault, and ask for what needs it: a page has to say so."""

    @contextmanager
    def attack(target: Target) -> Iterator[Tally]:
        browser, tally = Browser(target.port, "/sign-in"), Tally()
        requests = sign_ins(browser, ["pat@example.org"], "a wrong password")
        with fault(target):
            running = Flood(target.port, requests, connections=10, seconds=6)
            yield tally
            tally.counts = counts_of(running.end(), refused=(503,))
        wait_until(lambda: target.web.ready().status == 200, 20)

    return attack


@contextmanager
def only_reads(target: Target) -> Iterator[None]:
    """As after a failover, or with a full disk."""
    with _connected(target) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        _end_others(connection)
        yield
        connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        _end_others(connection)


@contextmanager
def has_a_locked_table(target: Target) -> Iterator[None]:
    """As while a migration, or a person at a console, holds a lock."""
    with _connected(target) as connection, connection.transaction():
        connection.execute("LOCK TABLE residents, sign_in_failures IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def is_frozen(target: Target) -> Iterator[None]:
    """As when a firewall drops packets."""
    target.relay.freeze()
    yield
    target.relay.thaw()


@contextmanager
def _connected(target: Target) -> Iterator[psycopg.Connection]:
    url = target.database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def _end_others(connection: psycopg.Connection) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


class Inbox:
    """A mail server, and what it took."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        (port,) = free_ports(1)
        self._controller = Controller(self, hostname="127.0.0.1", port=port)
        self.address = f"127.0.0.1:{port}"

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        self.taken += envelope.rcpt_tos  # type: ignore[attr-defined] # aiosmtpd has no types
        return "250 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


MAILS = 20


def mails(fault: Callable[[Target, Relay, Process], Process | None], seconds: float) -> Attack:
    """Let 20 residents sign up, whose mails wait until the fault is over; a second copy counts as lost."""

    @contextmanager
    def attack(target: Target) -> Iterator[Tally]:
        tally, browser = Tally(), Browser(target.port, "/sign-up")
        typed = {"password": PASSWORD, "first_name": "Pat", "last_name": "Lee"}
        emails = [f"mail{number}@example.org" for number in range(MAILS)]
        with Inbox() as inbox, Relay(inbox.address) as relay:
            relay.freeze()
            worker = _worker(target, relay)
            for email in emails:
                assert ask(target.port, browser.form(email=email, **typed)).status == 303
            yield tally
            fault(target, relay, worker)
            end = time.monotonic() + seconds
            while set(inbox.taken) != set(emails) and time.monotonic() < end:
                time.sleep(0.2)
            arrived = len(set(inbox.taken))
            tally.counts = Counts(arrived, 0, MAILS - arrived + len(inbox.taken) - arrived)

    return attack


def _worker(target: Target, relay: Relay) -> Process:
    settings = {
        "ISSUER": f"http://127.0.0.1:{target.port}",
        "DATABASE_URL": target.database_url,
        "SECRET_KEYS": SECRET_KEYS,
        "SMTP_URL": f"smtp://{relay.address}",
    }
    return target.start("identity", "worker", **{f"IDENTITY_{name}": text for name, text in settings.items()})


def comes_back(_target: Target, relay: Relay, _worker: Process) -> None:
    """Let the mail server talk again."""
    relay.thaw()


def dies(target: Target, relay: Relay, worker: Process) -> None:
    """Kill the worker while it delivers, and start another."""
    worker.process.kill()
    worker.process.wait(5)
    relay.drop()
    relay.thaw()
    _worker(target, relay)
