"""Attacks and faults, each beside innocent visitors: `make reliability-table` writes what came of requests.

A new row is a scenario (`attack_scenarios`, `fault_scenarios`) and a line here. Not collected by itself: a
row is measured, and what it promises is tested in the files beside it.
"""

import time
from collections.abc import Callable

import pytest
from attack_scenarios import (
    HALF_A_BODY,
    HALF_A_HEADER,
    MANY,
    Attack,
    Target,
    flood_of_sign_ins,
    flood_of_sign_ups,
    parts_of_requests,
    slow_readers,
)
from attacks import Answers, Request, Visitors
from fault_scenarios import (
    comes_back,
    dies,
    has_a_locked_table,
    is_frozen,
    killed_web_process,
    mails,
    only_reads,
    while_the_database,
)
from relay import Relay
from reliability_rows import Row
from service_processes import OwnPostgresql, Process, WebService

pytestmark = pytest.mark.timeout(180)

PAGES = (Request("/.well-known/openid-configuration"), Request("/jwks"), Request("/sign-in"))
SETTINGS = {"SIGN_INS_PER_MINUTE": "1000000", "SIGN_UPS_PER_HOUR": "1000000", "WEB_PROCESSES": "2"}
VISITORS = "2 visitors"
IN_FLIGHT = 22
ASKING = f"{VISITORS}, 10 sign-ins at a time"
# In the order of the table: what it is called, what does it, its seconds, the load beside it.
SCENARIOS: dict[str, tuple[Attack, float, str]] = {
    # What is half sent is waited for: a body 10 s, headers 30 s.
    f"{MANY} half-sent bodies": (parts_of_requests(HALF_A_BODY), 14, VISITORS),
    f"{MANY} half-sent headers": (parts_of_requests(HALF_A_HEADER), 34, VISITORS),
    f"{MANY} slow readers": (slow_readers, 6, VISITORS),
    "one web process of two killed": (killed_web_process, 5, f"{VISITORS}, 20 connections"),
    f"flood of sign-ins, {MANY} in flight": (flood_of_sign_ins, 7, VISITORS),
    f"flood of sign-ups, {MANY} in flight": (flood_of_sign_ups, 7, VISITORS),
    "database that only reads (full disk, failover)": (while_the_database(only_reads), 6, ASKING),
    "database with a locked table": (while_the_database(has_a_locked_table), 6, ASKING),
    "database that is silent (frozen)": (while_the_database(is_frozen), 6, ASKING),
    "mail server silent for 15 seconds": (mails(comes_back, 90), 15, f"{VISITORS}, 20 sign-ups"),
    "worker killed while it delivers": (mails(dies, 90), 5, f"{VISITORS}, 20 sign-ups"),
}


@pytest.fixture
def target(
    own_postgresql: OwnPostgresql,
    relay_to: Callable[[str], Relay],
    web_service: Callable[..., WebService],
    start: Callable[..., Process],
    name: str,
) -> Target:
    database, relay = own_postgresql.create("identity"), relay_to(own_postgresql.socket)
    url = own_postgresql.url_of(database)
    # A relay in this process would slow the visitors of a flood.
    used = f"postgresql+psycopg://postgres@{relay.address}/{database}" if "frozen" in name else url
    return Target(web_service("identity", used, **SETTINGS), url, relay, start)


@pytest.fixture
def measure(target: Target, record_row: Callable[[Row], None]) -> Callable[..., Row]:
    """Return a function that measures an attack for some seconds, and records its row."""

    def run(name: str, attack: Attack, *, seconds: float, load: str) -> Row:
        visitors = Visitors(target.port, PAGES)
        visitors.visit(1)
        usual = visitors.visit(3)
        with attack(target) as tally, visitors.visiting() as seen:
            time.sleep(seconds)
        row = Row(name, load, tally.counts, usual, Answers(seen))
        record_row(row)
        return row

    return run


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_lost(measure: Callable[..., Row], name: str) -> None:
    attack, seconds, load = SCENARIOS[name]
    row = measure(name, attack, seconds=seconds, load=load)
    # A process that is killed takes along what it was working on, one request for each connection at most.
    assert row.lost <= (IN_FLIGHT if attack is killed_web_process else 0)
