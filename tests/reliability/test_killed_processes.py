"""Processes that are killed under load: what was answered stays, what they did not have is answered."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from billing_link import migrations
from local_stack import free_ports
from portal.billing_link_client.client import BillingLinkClient
from portal.billing_link_client.refusals import Refusal
from service_processes import SECONDS_TO_START, Database, Process, WebService, wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

CALLERS = 6


@dataclass
class Load:
    """What became of the requests of some callers, each of which asks again at once."""

    answered: int = 0
    lost: list[object] = field(default_factory=list)

    @contextmanager
    def of(self, ask: Callable[[], object]) -> Iterator["Load"]:
        """Run callers until the block ends; `ask` returns nothing for an answer, else what went wrong."""
        ending = threading.Event()

        def call() -> None:
            while not ending.is_set():
                if wrong := ask():
                    self.lost.append(wrong)
                else:
                    self.answered += 1

        callers = [threading.Thread(target=call) for _ in range(CALLERS)]
        for each in callers:
            each.start()
        try:
            yield self
        finally:
            ending.set()
            for each in callers:
                each.join()


def children(process: subprocess.Popen[bytes]) -> set[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return {int(pid) for pid in listed.split()}


@pytest.mark.parametrize(("name", "page"), [("identity", "/health/visitor"), ("portal", "/sign-out")])
def test_a_web_process_that_is_killed_loses_its_own_requests_alone(
    database: Callable[[str], Database], web_service: Callable[..., WebService], name: str, page: str
) -> None:
    service = web_service(name, database(name).url, WEB_PROCESSES="2")
    main = service.process.process
    wait_until(lambda: len(children(main)) == 2, SECONDS_TO_START)

    def ask() -> object:
        answer = service.get(page)
        return None if 0 < answer.status < 500 else answer

    for victim in sorted(children(main)):
        with Load().of(ask) as load:
            time.sleep(1)
            os.kill(victim, signal.SIGKILL)
            time.sleep(1)
        # Each caller had one request, which was the dead process's or the other's.
        assert len(load.lost) <= CALLERS, load.lost
        assert load.answered
        wait_until(lambda: len(children(main)) == 2, SECONDS_TO_START, lambda: service.process.output)
    assert '"status": -9' in service.process.output
    assert ask() is None


@pytest.mark.parametrize("name", ["identity", "portal"])
def test_after_its_main_process_was_killed_a_service_starts_again_at_once(
    database: Callable[[str], Database],
    web_service: Callable[..., WebService],
    start: Callable[..., Process],
    name: str,
) -> None:
    service = web_service(name, database(name).url, WEB_PROCESSES="2")
    left = children(service.process.process)
    service.process.process.kill()
    again = start(*service.process.command, **service.process.settings)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left), 10)
    wait_until(lambda: service.live().status == 200, SECONDS_TO_START, lambda: again.output)
    assert again.process.poll() is None, again.output


def test_a_billing_link_that_is_killed_is_found_again(start: Callable[..., Process], tmp_path: Path) -> None:
    """It is one process: its supervisor starts it again, and until then its callers learn that it is away."""
    url = f"sqlite:///{tmp_path / 'billing_link.db'}"
    migrations.upgrade(url)
    (port,) = free_ports(1)
    settings = {
        "BILLING_LINK_DATABASE_URL": url,
        "BILLING_LINK_ISSUER": "http://127.0.0.1:9",
        "BILLING_LINK_RESOURCE_SECRET": "not used",
        "BILLING_LINK_BIND": f"127.0.0.1:{port}",
    }
    first = start("billing_link", "serve", **settings)
    client = BillingLinkClient(f"127.0.0.1:{port}")

    def ask() -> object:
        outcome = client.list_linked_accounts("no token")
        return None if isinstance(outcome, Refusal) and not outcome.is_silence else outcome

    wait_until(lambda: ask() is None, SECONDS_TO_START, lambda: first.output)
    with Load().of(ask) as load:
        time.sleep(1)
        answered = load.answered
        assert load.lost == []
        first.process.kill()
        again = start("billing_link", "serve", **settings)
        wait_until(lambda: load.answered > answered + CALLERS, SECONDS_TO_START, lambda: again.output)
        lost = len(load.lost)
        time.sleep(1)
    # Each of them was answered that billing_link is away; none hung, and none is lost once it is back.
    assert all(isinstance(each, Refusal) for each in load.lost)
    assert len(load.lost) <= lost + CALLERS
    client.close()
