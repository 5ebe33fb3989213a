"""Floods of forms that cost a hash: pages go on, right passwords are served, and nothing counts a refusal."""

from collections.abc import Callable, Sequence

import pytest
from attacks import Answers, Flood, Request, Visitors
from residents import PASSWORD, Browser, add_client, add_residents, sign_ins
from service_processes import OwnPostgresql, WebService
from sqlalchemy import create_engine, text

# Connections, each of which sends again as soon as it is answered.
MANY, SECONDS = 200, 6
RESIDENTS = 20
PAGES = (
    Request("/.well-known/openid-configuration"),
    Request("/jwks"),
    Request("/health/live"),
    Request("/sign-in"),
)
ROOM_FOR_ALL = {"SIGN_INS_PER_MINUTE": "1000000", "SIGN_UPS_PER_HOUR": "1000000", "WEB_PROCESSES": "2"}
# Twice the usual time; and what a machine that attacker, service, database and perhaps other tests share
# takes to come round. Without admission it was 25 seconds.
TIMES, SECONDS_OF_A_BUSY_MACHINE = 2, 0.06


def slowed(pages: Sequence[Request], usual: Answers, flooded: Answers) -> dict[str, tuple[float, float]]:
    """Return the pages whose median is more than it may be under a flood, with both medians."""
    medians = {
        page.path: (usual.of(number).median, flooded.of(number).median) for number, page in enumerate(pages)
    }
    return {
        path: pair for path, pair in medians.items() if pair[1] > TIMES * pair[0] + SECONDS_OF_A_BUSY_MACHINE
    }


def counted(database_url: str, table: str, column: str) -> int:
    """Return the sum of what a table of counters has counted."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        found: int = connection.execute(text(f"SELECT coalesce(sum({column}), 0) FROM {table}")).scalar_one()  # noqa: S608 - names of this test
    engine.dispose()
    return found


@pytest.fixture
def database_url(own_postgresql: OwnPostgresql) -> str:
    """Return a database that is reached without a relay, which would slow pages and attacker alike."""
    return own_postgresql.url_of(own_postgresql.create("identity"))


@pytest.fixture
def identity(database_url: str, web_service: Callable[..., WebService]) -> WebService:
    return web_service("identity", database_url, **ROOM_FOR_ALL)


def test_pages_stay_fast_and_right_passwords_are_served(identity: WebService, database_url: str) -> None:
    emails = add_residents(database_url, RESIDENTS)
    pages = (*PAGES, add_client(database_url))
    browser, visitors = Browser(identity.port, "/sign-in"), Visitors(identity.port, pages)
    strangers = [f"stranger{number}@example.org" for number in range(MANY - RESIDENTS)]
    requests = sign_ins(browser, emails, PASSWORD) + sign_ins(browser, strangers, "a wrong password")
    visitors.visit(1)
    usual = visitors.visit(3)

    flood = Flood(identity.port, requests, connections=MANY, seconds=SECONDS)
    flooded = visitors.visit(SECONDS - 1)
    answers = flood.end()

    assert set(flooded.by_status) == set(usual.by_status) == {200}
    assert slowed(pages, usual, flooded) == {}
    assert set(answers.by_status) == {303, 422, 503}
    right = Answers([one for one in answers.seen if one.number < RESIDENTS])
    assert set(right.by_status) == {303, 503}
    # A hash takes 20 to 40 ms, and more beside an attacker on the same processors.
    assert len(answers.with_status(303, 422).seen) > 3 * SECONDS
    assert answers.with_status(503).median < 3
    # What was refused would be many times as much. A wrong password is a failure in a few classes.
    admitted = len(answers.with_status(303, 422).seen)
    assert counted(database_url, "sign_in_failures", "failures") <= 4 * answers.by_status[422]
    assert counted(database_url, "request_counts WHERE action = 'sign_in'", "requests") == admitted
    # Afterwards all is as before.
    assert slowed(pages, usual, visitors.visit(2)) == {}


@pytest.mark.parametrize("path", ["/sign-up", "/reset-password?token=unknown"])
def test_pages_stay_fast_under_a_flood_of_other_forms(
    identity: WebService, database_url: str, path: str
) -> None:
    pages = (*PAGES, add_client(database_url))
    browser, visitors = Browser(identity.port, "/sign-up"), Visitors(identity.port, pages)
    typed = {"password": PASSWORD, "first_name": "Pat", "last_name": "Lee"}
    forms = [browser.form(email=f"new{number}@example.org", **typed) for number in range(MANY)]
    requests = [Request(path, form.form, form.headers) for form in forms]
    visitors.visit(1)
    usual = visitors.visit(2)

    flood = Flood(identity.port, requests, connections=MANY, seconds=4)
    flooded = visitors.visit(3)
    answers = flood.end()

    assert slowed(pages, usual, flooded) == {}
    assert 503 in answers.by_status
    assert not {0, 500, 502} & set(answers.by_status)


def test_a_flood_from_one_network_keeps_no_other_out(
    database_url: str, web_service: Callable[..., WebService]
) -> None:
    identity = web_service("identity", database_url, **ROOM_FOR_ALL, TRUSTED_PROXIES="1")
    [email, *_] = add_residents(database_url, 1)
    attacker = Browser(identity.port, "/sign-in", address="198.51.100.1")
    residents = [Browser(identity.port, "/sign-in", address=f"203.0.113.{number}") for number in range(5)]

    flood = Flood(
        identity.port,
        [attacker.form(email="x@example.org", password="wrong")] * 2,
        connections=100,
        seconds=5,
    )
    served = [resident.send(email=email, password=PASSWORD) for resident in residents]
    flood.end()

    assert [status for status, _ in served] == [303] * len(residents)
    assert max(seconds for _, seconds in served) < 5


def test_a_flood_from_many_networks_lets_a_known_browser_in(
    database_url: str, web_service: Callable[..., WebService]
) -> None:
    identity = web_service("identity", database_url, **ROOM_FOR_ALL, TRUSTED_PROXIES="1")
    [email, *_] = add_residents(database_url, 1)
    owner = Browser(identity.port, "/sign-in?show=form", address="203.0.113.9")
    assert owner.send(email=email, password=PASSWORD)[0] == 303
    attacker = Browser(identity.port, "/sign-in", address="198.51.100.1").form(email=email, password="wrong")
    everywhere = [
        Request(attacker.path, attacker.form, {**attacker.headers, "X-Forwarded-For": f"198.18.{number}.1"})
        for number in range(MANY)
    ]

    flood = Flood(identity.port, everywhere, connections=MANY, seconds=6)
    served = []
    for _ in range(3):
        owner.open()
        served.append(owner.send(email=email, password=PASSWORD)[0])
    flood.end()

    assert served == [303] * 3
