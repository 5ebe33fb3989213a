"""More calls than can be worked on: health answers, some wait, and the others are refused at once."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from community_access.billing_link.v1 import billing_link_pb2 as pb
from community_access.billing_link.v1 import billing_link_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

THREADS, MANY = 4, 4 * 17 + 20
TOKEN = [("authorization", "Bearer not a token")]


@pytest.fixture
def stubs(server):
    """Return stubs on a few connections, as of several callers."""
    channels = [
        grpc.insecure_channel(f"127.0.0.1:{server.port}", [("number", number)]) for number in range(4)
    ]
    yield [billing_link_pb2_grpc.BillingLinkServiceStub(channel) for channel in channels]
    for channel in channels:
        channel.close()


def ask(stub, seconds=20.0):
    try:
        stub.ListLinkedAccounts(pb.ListLinkedAccountsRequest(), metadata=TOKEN, timeout=seconds)
    except grpc.RpcError as error:
        return error.code()


def test_health_answers_while_every_thread_is_taken_and_calls_beyond_the_most_are_refused(
    stubs, channel, monkeypatch
):
    go_on = threading.Event()
    monkeypatch.setattr("billing_link.rpc.interceptor.authenticate", lambda *_: go_on.wait(20))
    health = health_pb2_grpc.HealthStub(channel)
    with ThreadPoolExecutor(MANY) as pool:
        calls = [pool.submit(ask, stubs[number % len(stubs)]) for number in range(MANY)]
        deadline = time.monotonic() + 15
        while sum(call.done() for call in calls) < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
        refused = [call for call in calls if call.done()]
        began = time.monotonic()
        status = health.Check(health_pb2.HealthCheckRequest(), timeout=5).status
        seconds = time.monotonic() - began
        go_on.set()
        codes = Counter(call.result() for call in calls)

    assert status == health_pb2.HealthCheckResponse.SERVING
    assert seconds < 1
    assert {call.result() for call in refused} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert codes[grpc.StatusCode.RESOURCE_EXHAUSTED] == 20
    # Afterwards calls are taken again.
    assert ask(stubs[0]) is not grpc.StatusCode.RESOURCE_EXHAUSTED


def test_health_answers_under_a_flood_of_calls_without_a_token(stubs, channel):
    health, end = health_pb2_grpc.HealthStub(channel), threading.Event()
    codes: Counter[grpc.StatusCode | None] = Counter()

    def flood(number: int) -> None:
        while not end.is_set():
            codes[ask(stubs[number % len(stubs)])] += 1

    with ThreadPoolExecutor(MANY) as pool:
        for number in range(MANY):
            pool.submit(flood, number)
        try:
            time.sleep(0.5)
            taken = []
            for _ in range(10):
                began = time.monotonic()
                health.Check(health_pb2.HealthCheckRequest(), timeout=5)
                taken.append(time.monotonic() - began)
        finally:
            end.set()
    assert sorted(taken)[5] < 0.5
    assert set(codes) <= {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.RESOURCE_EXHAUSTED}
