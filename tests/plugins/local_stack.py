"""The whole product, started as `make run` starts it: fixtures for tests that walk real processes.

`stack` is one start of everything on free ports with a fresh database, on PostgreSQL (with `--both-databases`
on SQLite too); all tests that ask for it share it, so each works with residents of its own.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from deploy.local.sample_city.accounts import AMBIGUOUS, AUTO_LINKED, TO_FIND

ROOT = Path(__file__).parents[2]
KINDS = ("sqlite", "postgresql")
SECONDS_TO_START = 240
SECONDS_TO_STOP = 15
SECONDS_FOR_A_MAIL = 20
# All residents of all tests come from one network.
ROOM_FOR_ALL = {"IDENTITY_SIGN_INS_PER_MINUTE": "1000", "IDENTITY_SIGN_UPS_PER_HOUR": "1000"}


class Mail(dict[str, object]):
    """One mail of the inbox, as its JSON."""

    def link(self, name: str) -> str:
        """Return where the link or button with this text leads."""
        for address, words in re.findall(
            r'<a\b[^>]*?href="([^"]+)"[^>]*>(.*?)</a>', str(self["html"]), re.DOTALL | re.IGNORECASE
        ):
            if unescape(re.sub(r"<[^>]+>", "", words)).strip() == name:
                return unescape(address)
        raise AssertionError(f"no link {name!r} in {self['subject']!r}")

    def code(self) -> str:
        """Return the code of the mail's text."""
        found = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", str(self["text"]))
        assert found, self["text"]
        return found.group()


@dataclass(frozen=True)
class Sample:
    """What the sample city holds for tests to use."""

    account_number: str = TO_FIND.account_number
    customer_id: str = TO_FIND.customer_id
    service_address: str = TO_FIND.service_address
    auto_link_email: str = AUTO_LINKED.email
    auto_link_account_number: str = AUTO_LINKED.account.account_number
    ambiguous_email: str = AMBIGUOUS[0].email


@dataclass(frozen=True)
class Stack:
    """Where a running product is."""

    kind: str
    identity: str
    portal: str
    city_website: str
    inbox: str
    billing_link: str
    providers: str
    directory: Path
    process: subprocess.Popen[str]
    sample: Sample = field(default_factory=Sample)

    def mails(self, recipient: str) -> list[Mail]:
        """Return the mails to one address, newest first."""
        query = urllib.parse.urlencode({"to": recipient})
        with urllib.request.urlopen(f"{self.inbox}/api/messages?{query}", timeout=5) as answer:  # noqa: S310 - the inbox of this test
            return [Mail(mail) for mail in json.load(answer)["messages"]]

    def wait_for_mail(self, recipient: str, subject: str = "", *, after: int = 0) -> Mail:
        """Return the newest mail to an address with these words in its subject, newer than number `after`."""
        end = time.monotonic() + SECONDS_FOR_A_MAIL
        while time.monotonic() < end:
            for mail in self.mails(recipient):
                if subject.casefold() in str(mail["subject"]).casefold() and int(str(mail["number"])) > after:
                    return mail
            time.sleep(0.1)
        subjects = [mail["subject"] for mail in self.mails(recipient)]
        raise AssertionError(
            f"no mail {subject!r} to {recipient} within {SECONDS_FOR_A_MAIL} s, but {subjects}"
        )


class LocalRun:
    """One `make run` as a subprocess: its output, and how it ends."""

    def __init__(self, settings: dict[str, str]) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(
                ("IDENTITY_", "BILLING_LINK_", "PORTAL_", "CITY_WEBSITE_", "INBOX_", "LOCAL_", "SIMULATED_")
            )
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local"],
            cwd=ROOT,
            env=environment | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Everything printed so far."""
        with self._changed:
            return "".join(self._lines)

    def wait_for(self, words: str, seconds: float = SECONDS_TO_START) -> None:
        """Wait until something is printed; fails with the output when the process or the time ends first."""
        end = time.monotonic() + seconds
        with self._changed:
            while words not in "".join(self._lines):
                if not self._changed.wait(max(0.0, end - time.monotonic())) or not self._reader.is_alive():
                    break
        assert words in self.output, self.output

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask for the stop, as Ctrl-C does, and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self, seconds: float = SECONDS_TO_STOP) -> int:
        """Wait for the end and return the exit status."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            raise AssertionError(f"still running after {seconds} s:\n{self.output}") from None
        self._reader.join(SECONDS_TO_STOP)
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        with closing(self.process.stdout):
            for line in self.process.stdout:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def free_ports(count: int) -> list[int]:
    """Return free ports, all bound at once, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]


def addresses() -> dict[str, str]:
    """Return settings that put everything on free ports."""
    identity, portal, website, inbox, smtp, billing_link, providers = free_ports(7)
    return {
        "IDENTITY_ISSUER": f"http://localhost:{identity}",
        "PORTAL_BASE_URL": f"http://127.0.0.1:{portal}",
        "CITY_WEBSITE_BASE_URL": f"http://127.0.0.1:{website}",
        "INBOX_BIND": f"127.0.0.1:{inbox}",
        "INBOX_SMTP_BIND": f"127.0.0.1:{smtp}",
        "BILLING_LINK_BIND": f"127.0.0.1:{billing_link}",
        "SIMULATED_PROVIDERS_BIND": f"127.0.0.1:{providers}",
    }


@pytest.fixture
def local_run(tmp_path: Path) -> Iterator[Callable[..., LocalRun]]:
    """Return a function that starts everything with given settings; what still runs is stopped afterwards."""
    started: list[LocalRun] = []

    def start(**settings: str) -> LocalRun:
        started.append(LocalRun({"LOCAL_DIRECTORY": str(tmp_path / "local")} | settings))
        return started[-1]

    yield start
    for run in started:
        run.stop()


@pytest.fixture
def free_addresses() -> dict[str, str]:
    """Return settings that put everything on free ports."""
    return addresses()


@contextmanager
def _databases(server_url: str, name: str) -> Iterator[dict[str, str]]:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    services = ("identity", "billing_link", "portal")
    with engine.connect() as connection:
        for service in services:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}_{service}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{name}_{service}"'))
    yield {
        f"{service.upper()}_DATABASE_URL": make_url(server_url)
        .set(database=f"{name}_{service}")
        .render_as_string(hide_password=False)
        for service in services
    }
    with engine.connect() as connection:
        for service in services:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}_{service}" WITH (FORCE)'))
    engine.dispose()


@pytest.fixture(scope="session", params=KINDS)
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Stack]:
    """Return the running product, on one kind of database."""
    kind: str = request.param
    directory = tmp_path_factory.mktemp(f"stack-{kind}")
    settings = addresses() | ROOM_FOR_ALL | {"LOCAL_DIRECTORY": str(directory)}
    with ExitStack() as held:
        if kind == "postgresql":
            server = request.getfixturevalue("postgresql_server")
            settings |= held.enter_context(_databases(server, f"stack_{worker_id}"))
        run = LocalRun(settings)
        held.callback(run.stop)
        run.wait_for("Ctrl-C stops everything")
        yield Stack(
            kind=kind,
            identity=settings["IDENTITY_ISSUER"],
            portal=settings["PORTAL_BASE_URL"],
            city_website=settings["CITY_WEBSITE_BASE_URL"],
            inbox=f"http://{settings['INBOX_BIND']}",
            billing_link=settings["BILLING_LINK_BIND"],
            providers=f"http://{settings['SIMULATED_PROVIDERS_BIND']}",
            directory=directory,
            process=run.process,
        )


class OneServerEach(LoadScopeScheduling):
    """Gives all tests of one server to one worker, and any other test to the next free worker.

    By their names: the marks of `--dist loadgroup` do not reach the scheduler with today's pytest.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith("tests/protocol/clients/"):
            return "clients"
        kind = re.match(r"tests/journeys/.*\[(sqlite|postgresql)\b", nodeid)
        # A test with all its parameters: the scheduler looks at every scope again after every test.
        return f"stack-{kind[1]}" if kind else nodeid.partition("[")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneServerEach:
    """Start each stack, and the server of other clients, in one worker alone."""
    return OneServerEach(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker ends on it while the other has nothing left to do.

    `make test` keeps this order (`--no-loadscope-reorder`): xdist would begin with the most parameters.
    """
    items.sort(key=lambda item: not {"system", "browser", "timeout"} & {m.name for m in item.iter_markers()})
