"""What attackers send to a running identity: context managers, whose `Tally` says how their requests ended.

Each begins the attack, leaves the block to innocent visitors, and counts at its end.
"""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field

from attacks import Answers, Flood, Request, Seen, half_sent
from relay import Relay
from reliability_rows import Counts, counts_of
from residents import PASSWORD, Browser, add_residents, sign_ins
from service_processes import Process, WebService

MANY = 200
HALF_A_BODY = (
    "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 5000\r\n\r\nemail=a@b.ex"
)
HALF_A_HEADER = "GET /sign-in HTTP/1.1\r\nHost: localhost\r\nX-"


@dataclass
class Tally:
    """How the requests of an attack ended; filled in by its end."""

    counts: Counts = field(default_factory=lambda: Counts(0, 0, 0))


@dataclass(frozen=True)
class Target:
    """A running identity, and what it stands on."""

    web: WebService
    # Of its database, without a relay.
    database_url: str
    # Between it and its database.
    relay: Relay
    start: Callable[..., Process]

    @property
    def port(self) -> int:
        return self.web.port


Attack = Callable[[Target], AbstractContextManager[Tally]]


@contextmanager
def flood(target: Target, requests: list[Request], seconds: float) -> Iterator[Tally]:
    """Send these on 200 connections, each again as soon as it is answered."""
    tally, running = Tally(), Flood(target.port, requests, connections=MANY, seconds=seconds)
    yield tally
    # A wrong password was worked on, and answered.
    answers = running.end()
    tally.counts = counts_of(Answers([_answered(one) for one in answers.seen]))


def _answered(one: Seen) -> Seen:
    return Seen(200, one.seconds, one.number) if one.status == 422 else one


def flood_of_sign_ins(target: Target) -> AbstractContextManager[Tally]:
    """Send right and wrong passwords."""
    browser, emails = Browser(target.port, "/sign-in"), add_residents(target.database_url, 20)
    strangers = [f"stranger{number}@example.org" for number in range(MANY - len(emails))]
    requests = sign_ins(browser, emails, PASSWORD) + sign_ins(browser, strangers, "a wrong password")
    return flood(target, requests, 8)


def flood_of_sign_ups(target: Target) -> AbstractContextManager[Tally]:
    """Send new registrations."""
    browser = Browser(target.port, "/sign-up")
    typed = {"password": PASSWORD, "first_name": "Pat", "last_name": "Lee"}
    return flood(target, [browser.form(email=f"new{n}@example.org", **typed) for n in range(MANY)], 8)


def parts_of_requests(start: str) -> Attack:
    """Send the start of a request, and nothing more, on 200 connections."""

    @contextmanager
    def attack(target: Target) -> Iterator[Tally]:
        tally = Tally()
        with half_sent(target.port, start, MANY) as connections:
            yield tally
            refused = sum(_is_ended(connection) for connection in connections)
        tally.counts = Counts(0, refused, MANY - refused)

    return attack


def _is_ended(connection: socket.socket) -> bool:
    """Tell whether the service has answered, or closed the connection."""
    connection.settimeout(0.2)
    try:
        connection.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def slow_readers(target: Target) -> Iterator[Tally]:
    """Ask for a large file on 200 connections, and read it only at the end."""
    tally, opened = Tally(), []
    for _ in range(MANY):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", target.port))
        connection.sendall(
            b"GET /static/uswds/css/uswds.min.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        opened.append(connection)
    yield tally
    with ThreadPoolExecutor(20) as pool:
        whole = sum(pool.map(_reads_whole, opened))
    tally.counts = Counts(whole, 0, MANY - whole)


def _reads_whole(connection: socket.socket) -> bool:
    received = b""
    connection.settimeout(20)
    with closing(connection), suppress(OSError):
        while piece := connection.recv(65536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [
        line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    ]
    return bool(lengths) and len(body) == int(lengths[0])
