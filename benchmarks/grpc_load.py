"""Calls a gRPC method repeatedly: concurrent callers on one channel, as in one process of the portal."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc

from benchmarks.samples import Run

SECONDS_TO_ANSWER = 10
OPTIONS = (("grpc.enable_http_proxy", 0),)


def drive(target: str, path: str, tokens: Sequence[str], request: Callable[[], bytes], seconds: float) -> Run:
    """Call `path` repeatedly, one caller per token; raises `grpc.RpcError` for a refusal."""
    with grpc.insecure_channel(target, options=OPTIONS) as channel, ThreadPoolExecutor(len(tokens)) as pool:
        grpc.channel_ready_future(channel).result(SECONDS_TO_ANSWER)
        # Without serializers a message is its bytes.
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
        begun = time.perf_counter()
        end = begun + seconds

        def repeat(token: str) -> list[float]:
            metadata = (("authorization", f"Bearer {token}"),)
            taken = []
            now = time.perf_counter()
            while now < end:
                call(request(), metadata=metadata, timeout=SECONDS_TO_ANSWER)
                before, now = now, time.perf_counter()
                taken.append(now - before)
            return taken

        latencies = [latency for of_caller in pool.map(repeat, tokens) for latency in of_caller]
        return Run(latencies, time.perf_counter() - begun)
