"""Connections to billing_link: several servers behind one name, old age, restarts, proxies."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from portal.billing_link_client.accounts import LinkedAccounts
from portal.billing_link_client.client import BillingLinkClient
from portal.billing_link_client.refusals import Refusal

from tests.portal.doubles import billing_link as billing_link_double
from tests.portal.doubles.billing_link import FakeBillingLink


@contextmanager
def calling(target: str) -> Iterator[BillingLinkClient]:
    client = BillingLinkClient(target)
    yield client
    client.close()


def port_of(fake: FakeBillingLink) -> int:
    return int(fake.target.rpartition(":")[2])


@pytest.mark.parametrize("form", ["localhost:{}", "dns:///localhost:{}"])
def test_servers_behind_one_name_share_the_calls(form: str) -> None:
    with (
        billing_link_double.listening() as one,
        billing_link_double.listening("[::1]", port_of(one)) as other,
        calling(form.format(port_of(one))) as client,
    ):
        for _ in range(20):
            assert isinstance(client.list_linked_accounts("token"), LinkedAccounts)
            time.sleep(0.01)

        assert len(one.seen) > 5
        assert len(other.seen) > 5


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ipv4:127.0.0.1:{}", "[::1]:{}", "ipv6:[::1]:{}"])
def test_an_address_can_be_given_instead_of_a_name(form: str) -> None:
    host = "[::1]" if "[" in form else "127.0.0.1"
    with (
        billing_link_double.listening(host) as fake,
        calling(form.format(port_of(fake))) as client,
    ):
        assert isinstance(client.list_linked_accounts("token"), LinkedAccounts)


def test_a_server_that_goes_leaves_its_calls_to_the_other() -> None:
    with billing_link_double.listening() as one, calling(f"localhost:{port_of(one)}") as client:
        with billing_link_double.listening("[::1]", port_of(one)):
            assert isinstance(client.list_linked_accounts("token"), LinkedAccounts)
            time.sleep(0.2)

        answers = [client.list_linked_accounts("token") for _ in range(10)]

        assert all(isinstance(answer, LinkedAccounts) for answer in answers)


def test_no_call_fails_because_its_connection_grew_old() -> None:
    age = [("grpc.max_connection_age_ms", 100), ("grpc.max_connection_age_grace_ms", 5_000)]
    answers: list[object] = []

    def call_until(end: float) -> None:
        while time.monotonic() < end:
            answers.append(client.list_linked_accounts("token"))

    with billing_link_double.listening(options=age) as fake, calling(fake.target) as client:
        callers = [threading.Thread(target=call_until, args=(time.monotonic() + 2.5,)) for _ in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    assert [answer for answer in answers if not isinstance(answer, LinkedAccounts)] == []


def test_a_server_that_was_restarted_is_found_again() -> None:
    with billing_link_double.listening() as fake:
        client = BillingLinkClient(fake.target)
        assert isinstance(client.list_linked_accounts("token"), LinkedAccounts)
    assert isinstance(client.list_linked_accounts("token"), Refusal)

    with billing_link_double.listening(port=port_of(fake)):
        end = time.monotonic() + 5
        while isinstance(client.list_linked_accounts("token"), Refusal):
            assert time.monotonic() < end
            time.sleep(0.1)
    client.close()


@pytest.mark.parametrize("name", ["http_proxy", "https_proxy", "grpc_proxy"])
def test_no_proxy_of_the_environment_is_asked(
    billing_link: FakeBillingLink, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    with calling(billing_link.target) as client:
        assert isinstance(client.list_linked_accounts("token"), LinkedAccounts)
