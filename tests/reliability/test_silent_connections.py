"""A connection to billing_link that dies without a word is replaced, whether or not calls are made on it."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from billing_link import migrations
from billing_link.config import ServerSettings
from billing_link.server import Server
from portal.billing_link_client.client import BillingLinkClient
from portal.billing_link_client.refusals import Refusal
from relay import Relay

# A minute is what residents can be asked to wait; the options promise less than half of it.
SECONDS = 40


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    url = f"sqlite:///{tmp_path / 'billing_link.db'}"
    migrations.upgrade(url)
    server = Server(
        ServerSettings(database_url=url, issuer="http://127.0.0.1:9", resource_secret="not used").model_copy(
            update={"bind": "127.0.0.1:0"}
        )
    )
    server.start()
    yield server
    server.stop(grace=0)


def answers(client: BillingLinkClient) -> bool:
    """Tell whether billing_link itself answers a call, whatever it says of the token."""
    outcome = client.list_linked_accounts("no token")
    return isinstance(outcome, Refusal) and not outcome.is_silence


def test_it_is_replaced_with_and_without_calls(server: Server, relay_to: Callable[[str], Relay]) -> None:
    relay = relay_to(f"127.0.0.1:{server.port}")
    idle_relay = relay_to(f"127.0.0.1:{server.port}")
    busy, idle = BillingLinkClient(relay.address), BillingLinkClient(idle_relay.address)
    assert answers(busy)
    assert answers(idle)
    relay.forget()
    idle_relay.forget()
    began = time.monotonic()
    found_again: list[float] = []

    def call_until_answered() -> None:
        while time.monotonic() - began < SECONDS:
            if answers(busy):
                found_again.append(time.monotonic() - began)
                return
            time.sleep(0.5)

    caller = threading.Thread(target=call_until_answered)
    caller.start()
    caller.join()

    assert found_again, f"no answer in {SECONDS} s over {relay.accepted} connections"
    # Nothing was called on the other: it is replaced before anything is.
    time.sleep(max(0.0, 32 - (time.monotonic() - began)))
    assert idle_relay.accepted > 1
    assert answers(idle)
    busy.close()
    idle.close()
