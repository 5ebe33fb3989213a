"""Senders and readers that stop half way: however many there are, every page is answered as always."""

import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from service_processes import Database, WebService

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

MANY = 200
# Of the machine, which also runs the tests beside this one.
NOISE_SECONDS = 0.15
ROUNDS = 7
HALF_BODY = "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\ntwelve bytes"
HALF_HEAD = "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Half: "
LARGE_FILE = "GET /static/uswds/css/uswds.min.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAGES = {
    "identity": ("/health/live", "/health/ready", "/.well-known/openid-configuration", "/jwks", "/sign-in"),
    "portal": ("/health/live", "/health/ready", "/sign-out"),
}
FORMS = {"identity": "/sign-in", "portal": "/sign-out"}


@pytest.fixture
def connect() -> Iterator[Callable[[WebService, str], socket.socket]]:
    """Return a function that sends a text on a connection whose reader takes little at once."""
    with ExitStack() as opened:

        def connect(service: WebService, text: str) -> socket.socket:
            connection = opened.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.settimeout(20)
            connection.connect(("127.0.0.1", urlsplit(service.address).port))
            connection.sendall(text.encode())
            return connection

        yield connect


def seconds_of_pages(service: WebService, pages: tuple[str, ...]) -> dict[str, float]:
    """Return the usual time of each page; each answers what it should."""
    seconds: dict[str, list[float]] = {page: [] for page in pages}
    for _ in range(ROUNDS):
        for page in pages:
            answer = service.get(page)
            assert 0 < answer.status < 500, (page, answer)
            seconds[page].append(answer.seconds)
    return {page: statistics.median(each) for page, each in seconds.items()}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_answered_as_always(
    database: Callable[[str], Database],
    web_service: Callable[[str, str], WebService],
    connect: Callable[[WebService, str], socket.socket],
    name: str,
) -> None:
    service = web_service(name, database(name).url)
    usual = seconds_of_pages(service, PAGES[name])
    began = time.monotonic()
    half_bodies = [connect(service, HALF_BODY.format(path=FORMS[name])) for _ in range(MANY)]
    for _ in range(MANY):
        connect(service, HALF_HEAD.format(path=FORMS[name]))
        connect(service, LARGE_FILE)

    slowed = seconds_of_pages(service, PAGES[name])

    assert time.monotonic() - began < 10, "the half bodies were no longer waited for"
    too_slow = {
        page: (usual[page], slowed[page]) for page in usual if slowed[page] > 2 * usual[page] + NOISE_SECONDS
    }
    assert too_slow == {}
    # After ten seconds each is told that it took too long.
    assert {each.recv(12) for each in half_bodies} == {b"HTTP/1.1 408"}
    assert time.monotonic() - began < 15
