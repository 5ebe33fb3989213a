import threading
import time
from collections.abc import Callable

import grpc
import pytest
from billing_link.clock import SystemClock
from billing_link.database_faults import DatabaseFault, DatabaseUnavailableError
from billing_link.database_probe import DatabaseProbe
from billing_link.rpc.health import Health, check_health
from billing_link.server import Server
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

SERVICES = ("", "community_access.billing_link.v1.BillingLinkService")
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.mark.parametrize("service", SERVICES)
def test_a_server_whose_database_answers_is_serving_without_a_token(channel, service):
    stub = health_pb2_grpc.HealthStub(channel)
    assert stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status == SERVING


class Database:
    """A database that answers as it is told to."""

    def __init__(self, answer: Callable[[], None] = lambda: None) -> None:
        self.server_state, self.try_writing = answer, lambda: None


def health_of(answer: Callable[[], None]) -> Health:
    return Health(DatabaseProbe(Database(answer), SystemClock()))


def test_it_is_serving_only_while_the_database_can_be_used():
    faults = [None, DatabaseFault.FULL, None]

    def answer() -> None:
        if fault := faults.pop(0):
            raise DatabaseUnavailableError(fault)

    health = health_of(answer)
    assert published(health) == {NOT_SERVING}
    for expected in (SERVING, NOT_SERVING, SERVING):
        health.check()
        assert published(health) == {expected}


def published(health):
    """Return the statuses of every service."""
    requests = [health_pb2.HealthCheckRequest(service=service) for service in SERVICES]
    return {health.servicer.Check(request, None).status for request in requests}


def test_a_database_that_hangs_is_not_waited_for():
    release = threading.Event()
    health = health_of(lambda: release.wait(10) and None)
    began = time.monotonic()
    health.check()
    health.check()
    assert time.monotonic() - began < 2
    assert published(health) == {NOT_SERVING}
    release.set()
    while published(health) != {SERVING} and time.monotonic() - began < 10:
        health.check()
    assert published(health) == {SERVING}


def test_a_check_that_fails_is_not_the_last_one():
    answers = [ZeroDivisionError, None]

    def answer() -> None:
        if fault := answers.pop(0):
            raise fault

    health = health_of(answer)
    for expected in (NOT_SERVING, SERVING):
        health.check()
        assert published(health) == {expected}


def test_a_server_that_stops_is_not_serving_even_if_the_database_responds():
    health = health_of(lambda: None)
    health.shut_down()
    health.check()
    assert published(health) == {NOT_SERVING}


def test_an_operator_can_ask(server):
    assert check_health(f"127.0.0.1:{server.port}") == "SERVING"
    assert check_health("127.0.0.1:9") == "UNREACHABLE"


@pytest.mark.parametrize("name", ["http_proxy", "https_proxy", "grpc_proxy"])
def test_it_is_asked_directly_whatever_proxy_the_environment_names(server, monkeypatch, name):
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert check_health(f"127.0.0.1:{server.port}") == "SERVING"


def _reflect(channel):
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=5)
    return [service.name for service in answer.list_services_response.service]


def test_reflection_is_off_unless_it_is_switched_on(channel, settings):
    with pytest.raises(grpc.RpcError) as raised:
        _reflect(channel)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    server = Server(settings.model_copy(update={"reflection": True}))
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as talkative:
        assert SERVICES[1] in _reflect(talkative)
    server.stop(grace=1)
