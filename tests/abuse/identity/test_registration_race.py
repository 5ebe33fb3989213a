"""Many registrations by one invitation, and updates by one token, at the same moment, in real threads."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from identity.relying_parties.store import Clients
from identity_provider import Provider
from self_registration import METADATA, invited, register, self_registered
from werkzeug.test import TestResponse


def at_once(times: int, ask) -> list[TestResponse]:
    """Call `ask` from so many threads, all of them let go together."""
    barrier = Barrier(times)

    def run(_number: int) -> TestResponse:
        barrier.wait()
        return ask()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))


def statuses(responses: list[TestResponse]) -> list[int]:
    return sorted(response.status_code for response in responses)


@pytest.mark.parametrize(("times", "good_for"), [(2, 1), (50, 1), (50, 7)])
def test_an_invitation_registers_no_more_than_it_is_good_for(provider: Provider, times: int, good_for: int):
    token = invited(provider, registrations=good_for).token
    responses = at_once(times, lambda: register(provider, token))
    assert statuses(responses) == [201] * good_for + [401] * (times - good_for)
    with provider.storage.autocommit() as connection:
        assert len(Clients(connection).list_clients()) == good_for
    assert provider.events() == ["client_registered_itself"] * good_for


@pytest.mark.parametrize("times", [2, 50])
def test_one_token_updates_once(provider: Provider, times: int):
    client = self_registered(provider)
    token = client.information["registration_access_token"]
    sent = {"client_id": client.id, **METADATA}
    responses = at_once(times, lambda: client.ask("PUT", token, json=sent))
    assert statuses(responses) == [200] + [401] * (times - 1)
    [winner] = [response for response in responses if response.status_code == 200]
    assert client.ask("GET", winner.json["registration_access_token"]).status_code == 200
    with provider.storage.autocommit() as connection:
        [entry] = Clients(connection).list_clients()
    # The first one, which goes on for a day, and the winner's.
    assert len(entry.client.secrets) == 2


def test_one_token_leaves_once(provider: Provider):
    client = self_registered(provider)
    responses = at_once(20, lambda: client.ask("DELETE"))
    assert statuses(responses) == [204] + [401] * 19
    assert provider.events().count("client_deleted_itself") == 1
