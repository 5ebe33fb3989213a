"""The worker as a process, on PostgreSQL: killed in the middle, beside what is slow, and after an outage."""

import asyncio
import http.server
import json
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from identity.clock import SystemClock
from identity.mail.messages import Recipient, no_account
from identity.mail.queue import MailQueue
from identity.outbox.models import OutboxMessage
from identity.outbox.store import LEASE, Outbox, Outgoing
from identity.outbox.worker import LANES
from identity.secret_keys import SecretKeys
from identity.security_events.event_types import EventType
from identity.security_events.receivers import ReceiverRegistry, Registration
from identity.security_events.transmitter import SECURITY_EVENT
from identity.storage import Storage, table_of
from identity_provider import bare_app
from local_stack import free_ports
from service_processes import SECONDS_TO_START, SECRET_KEYS, Database, Process, wait_until
from sqlalchemy import select, update

pytestmark = [pytest.mark.timeout(180)]

measured = logging.getLogger(__name__)

OUTBOX = table_of(OutboxMessage)
KEYS = SecretKeys([SECRET_KEYS])


@dataclass
class MailServer:
    """A mail server of this test: slow where it is told, and away until it starts."""

    port: int
    # Seconds for each recipient's domain, and for each content.
    slow: dict[str, float] = field(default_factory=dict)
    content_seconds: float = 0.0
    # Recipient and Message-ID of each mail.
    taken: list[tuple[str, str]] = field(default_factory=list)
    sessions: int = 0
    controller: Controller | None = None

    def start(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self) -> None:
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - as above
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        await asyncio.sleep(self.slow.get(address.rpartition("@")[2], 0))
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        await asyncio.sleep(self.content_seconds)
        self.taken.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content)["Message-ID"]))
        return "250 OK"

    def recipients(self, domain: str = "") -> Counter[str]:
        return Counter(recipient for recipient, _ in list(self.taken) if recipient.endswith(domain))


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer(free_ports(1)[0])
    yield server
    server.stop()


@pytest.fixture
def behind(database: Callable[[str], Database]) -> Database:
    return database("identity")


@pytest.fixture
def storage(behind: Database) -> Iterator[Storage]:
    app = bare_app(behind.url)
    with app.app_context(), app.extensions["identity"] as storage:
        yield storage


@pytest.fixture
def worker(start: Callable[..., Process], behind: Database, mail_server: MailServer) -> Callable[[], Process]:
    """Return a function that starts a worker."""
    settings = {
        "IDENTITY_ISSUER": "http://127.0.0.1:8000",
        "IDENTITY_DATABASE_URL": behind.url,
        "IDENTITY_SECRET_KEYS": SECRET_KEYS,
        "IDENTITY_SMTP_URL": f"smtp://127.0.0.1:{mail_server.port}",
    }
    return lambda: start("identity", "worker", **settings)


def queue(storage: Storage, number: int, domain: str = "example.com") -> set[str]:
    """Queue a mail for each of so many addresses; return them."""
    addresses = {f"resident{each}@{domain}" for each in range(number)}
    mails = MailQueue(KEYS, SystemClock())
    with storage.transaction() as tx:
        for address in sorted(addresses):
            to = Recipient(address, "en", None)
            mails.send(tx, no_account(to, sign_up_link="http://127.0.0.1:8000/sign-up"))
    return addresses


def rows(storage: Storage) -> list[tuple[str, int, datetime]]:
    """Return state, attempts and the next attempt of each message."""
    with storage.autocommit() as connection:
        found = connection.execute(select(OUTBOX.c.state, OUTBOX.c.attempts, OUTBOX.c.next_attempt_at)).all()
    return [(row[0], row[1], row[2]) for row in found]


def states(storage: Storage) -> Counter[str]:
    return Counter(row[0] for row in rows(storage))


def test_a_worker_that_is_killed_delays_its_mails_by_a_minute_and_loses_none(
    storage: Storage, mail_server: MailServer, worker: Callable[[], Process]
) -> None:
    mail_server.content_seconds = 0.2
    mail_server.start()
    addresses = queue(storage, 100)
    first = worker()
    wait_until(lambda: len(mail_server.taken) >= 20, SECONDS_TO_START, lambda: first.output)
    first.process.kill()
    first.process.wait(10)
    killed_at = datetime.now(UTC)

    held = [row for row in rows(storage) if row[:2] == ("waiting", 1)]
    assert 1 <= len(held) <= LANES
    assert max(row[2] for row in held) <= killed_at + LEASE
    assert LEASE.total_seconds() <= 60

    # A minute passes.
    with storage.autocommit() as connection:
        connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.state == "waiting", OUTBOX.c.attempts == 1)
            .values(next_attempt_at=killed_at)
        )
    second = worker()
    wait_until(lambda: states(storage) == {"delivered": 100}, SECONDS_TO_START, lambda: second.output)
    arrived = mail_server.recipients()
    assert set(arrived) == addresses
    # What was in flight may arrive twice, as the same message: mail systems drop the second.
    doubled = {recipient for recipient, number in arrived.items() if number > 1}
    assert len(doubled) <= len(held)
    assert max(arrived.values()) <= 2
    assert len(set(mail_server.taken)) == 100


def test_a_thousand_mails_leave_within_two_minutes_of_the_mail_servers_return(
    storage: Storage,
    mail_server: MailServer,
    worker: Callable[[], Process],
) -> None:
    addresses = queue(storage, 1000)
    workers = [worker(), worker()]
    wait_until(lambda: "message_postponed" in workers[1].output, SECONDS_TO_START, lambda: workers[1].output)
    time.sleep(5)
    # One at a time finds out, and no mail is worn out by it.
    assert workers[0].output.count("message_postponed") < 40
    assert {row[:2] for row in rows(storage)} <= {("waiting", 0), ("waiting", 1)}

    mail_server.start()
    seconds = wait_until(lambda: len(mail_server.taken) >= 1000, 120, lambda: workers[0].output)
    measured.info("1,000 mails in %.1f s, %d a second", seconds, 1000 / seconds)
    wait_until(lambda: states(storage) == {"delivered": 1000}, 10)
    assert mail_server.recipients() == Counter(addresses)
    # Two workers of sixteen lanes, a hundred mails a connection.
    assert mail_server.sessions < 100


def test_slow_recipients_delay_no_other_and_a_signal_ends_it_in_order(
    storage: Storage,
    mail_server: MailServer,
    worker: Callable[[], Process],
) -> None:
    domains = ("slow.example", "mx1.slow.example", "tarpit.example")
    mail_server.slow = dict.fromkeys(domains, 4.0)
    mail_server.start()
    process = worker()

    def seconds_for(domain: str) -> float:
        queue(storage, 50, domain)
        return wait_until(
            lambda: len(mail_server.recipients(f"@{domain}")) == 50, SECONDS_TO_START, lambda: process.output
        )

    seconds_for("first.example.com")
    usual = seconds_for("second.example.com")
    for domain in domains:
        queue(storage, 60, domain)
    time.sleep(4)
    beside = seconds_for("third.example.com")
    measured.info("50 mails: usually %.1f s, beside 180 slow ones %.1f s", usual, beside)
    # As many lanes without limits would have been held for 45 seconds.
    assert beside < 3 * usual + 2
    assert max(mail_server.recipients().values()) == 1

    process.process.terminate()
    assert process.process.wait(15) == 0
    now = datetime.now(UTC)
    assert not [row for row in rows(storage) if row[0] == "waiting" and row[2] > now]
    # What left is marked: nothing leaves again.
    assert states(storage)["delivered"] == len(mail_server.taken)


@dataclass
class Websites:
    """One that takes what it is sent, and one that never answers."""

    good: str
    silent: str
    got: list[str]


@pytest.fixture
def websites() -> Iterator[Websites]:
    got: list[str] = []

    class Good(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Good)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        good, deaf = server.server_address[1], silent.getsockname()[1]
        yield Websites(f"http://127.0.0.1:{good}/", f"http://127.0.0.1:{deaf}/", got)
    server.shutdown()
    server.server_close()


def test_a_silent_receiver_delays_neither_another_nor_the_mail(
    storage: Storage,
    mail_server: MailServer,
    worker: Callable[[], Process],
    websites: Websites,
) -> None:
    mail_server.start()
    receivers = ReceiverRegistry(storage, KEYS, SystemClock())
    receivers.put(Registration("urn:silent", websites.silent, None, frozenset(EventType)), None)
    receivers.put(Registration("urn:good", websites.good, None, frozenset(EventType)), None)

    def tell(receiver: str, number: int) -> None:
        claims = [{"jti": str(each)} for each in range(number)]
        payloads = [json.dumps({"receiver": receiver, "claims": each}) for each in claims]
        with storage.transaction() as tx:
            outbox = Outbox(tx, KEYS, SystemClock())
            outbox.queue(SECURITY_EVENT, [Outgoing(receiver, payload) for payload in payloads])

    def seconds_for_both() -> float:
        """Return how long fifty events and fifty mails take."""
        already = len(websites.got), len(mail_server.taken)
        tell("urn:good", 50)
        queue(storage, 50)
        return wait_until(
            lambda: (len(websites.got), len(mail_server.taken)) == (already[0] + 50, already[1] + 50),
            SECONDS_TO_START,
            lambda: process.output,
        )

    process = worker()
    seconds_for_both()
    usual = seconds_for_both()
    tell("urn:silent", 100)
    time.sleep(1)
    beside = seconds_for_both()
    measured.info("50 events and mails: usually %.1f s, beside a silent receiver %.1f s", usual, beside)
    assert beside < 3 * usual + 2
    # What is under way ends within six seconds.
    process.process.terminate()
    assert process.process.wait(15) == 0
