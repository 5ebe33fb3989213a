"""Calls a gRPC method repeatedly: concurrent callers on one channel, as in one process of the portal."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc

from benchmarks.samples import Run

SECONDS_TO_ANSWER = 10
OPTIONS = (("grpc.enable_http_proxy", 0),)


@dataclass(frozen=True)
class Caller:
    """One caller: its access token, and the requests of one run, which may end before its time."""

    token: str
    requests: Callable[[], Iterator[bytes]]


def drive(target: str, path: str, callers: Sequence[Caller], seconds: float) -> Run:
    """Call `path` repeatedly; raises `grpc.RpcError` for a refusal."""
    with grpc.insecure_channel(target, options=OPTIONS) as channel, ThreadPoolExecutor(len(callers)) as pool:
        grpc.channel_ready_future(channel).result(SECONDS_TO_ANSWER)
        # Without serializers a message is its bytes.
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
        begun = time.perf_counter()
        end = begun + seconds

        def repeat(caller: Caller) -> list[float]:
            metadata = (("authorization", f"Bearer {caller.token}"),)
            taken = []
            now = time.perf_counter()
            for request in caller.requests():
                call(request, metadata=metadata, timeout=SECONDS_TO_ANSWER)
                before, now = now, time.perf_counter()
                taken.append(now - before)
                if now >= end:
                    break
            return taken

        latencies = [latency for of_caller in pool.map(repeat, callers) for latency in of_caller]
        return Run(latencies, time.perf_counter() - begun)
