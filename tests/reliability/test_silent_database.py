"""A database that goes silent, or restarts, takes no service along, and each recovers by itself.

While the relay is frozen, both kernels go on acknowledging: no limit of TCP or of the server's ends a wait.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from service_processes import SECONDS_TO_START, SECRET_KEYS, WebService, wait_until

WEBSITES = ("identity", "portal")
# Requests at the same time: more than identity has threads.
MANY = 10


def many(ask) -> list:
    with ThreadPoolExecutor(MANY) as pool:
        return [asked.result() for asked in [pool.submit(ask) for _ in range(MANY)]]


def answers_as_before(web_service: WebService) -> bool:
    return web_service.ready().status == 200 and web_service.page().status < 500


@pytest.mark.parametrize("service", WEBSITES)
def test_a_silent_database_is_told_in_time_and_its_return_is_seen(service, database, web_service) -> None:
    behind = database(service)
    running = web_service(service, behind.url)
    assert all(page.status < 500 for page in many(running.page))
    behind.relay.freeze()

    with ThreadPoolExecutor(MANY) as pool:
        asked = [pool.submit(running.ready) for _ in range(MANY)]
        live = running.live()
        ready = [one.result() for one in asked]
    assert (live.status, live.seconds < 2) == (200, True)
    assert {one.status for one in ready} == {503}
    assert max(one.seconds for one in ready) < 3

    first, later = many(running.page), many(running.page)
    assert {page.status for page in (*first, *later)} == {503}
    assert max(page.seconds for page in first) < 5
    # Only one at a time still asks the database.
    assert sorted(page.seconds for page in later)[-2] < 1
    assert (running.live().status, running.live().seconds < 0.5) == (200, True)
    assert behind.relay.open < 4 * MANY

    behind.relay.thaw()
    wait_until(lambda: answers_as_before(running), 5)
    assert all(page.status < 500 for page in many(running.page))


@pytest.mark.parametrize("service", WEBSITES)
def test_connections_that_only_a_firewall_forgot_are_replaced(service, database, web_service) -> None:
    behind = database(service)
    running = web_service(service, behind.url)
    many(running.page)
    # What is open stays silent for ever; new connections are passed on.
    behind.relay.forget()

    assert max(page.seconds for page in many(running.page)) < 5
    wait_until(lambda: answers_as_before(running), 5)
    assert all(page.status < 500 for page in many(running.page))


@pytest.mark.parametrize("service", WEBSITES)
def test_a_restart_of_the_database_costs_one_error_at_most(
    service, database, web_service, own_postgresql
) -> None:
    running = web_service(service, database(service).url)
    many(running.page)
    own_postgresql.restart()

    pages = [running.page() for _ in range(2 * MANY)]
    assert sum(page.status >= 500 for page in pages) <= 1
    assert running.ready().status == 200


def test_the_worker_goes_on_after_a_restart_of_the_database(database, start, own_postgresql) -> None:
    behind = database("identity")
    settings = {"ISSUER": "http://127.0.0.1:1", "DATABASE_URL": behind.url, "SECRET_KEYS": SECRET_KEYS}
    start("identity", "worker", **{f"IDENTITY_{name}": value for name, value in settings.items()})
    wait_until(lambda: own_postgresql.is_asked_for("outbox"), SECONDS_TO_START)

    own_postgresql.restart()
    wait_until(lambda: own_postgresql.is_asked_for("outbox"), 15)
