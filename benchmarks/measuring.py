"""Measures providers in rounds of short runs; within each operation the servers take turns."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from benchmarks.http_load import Begin, Exchange, drive
from benchmarks.operations import OncePerToken, Operation, Visitor
from benchmarks.processes import pinned
from benchmarks.samples import Sample, medians, take_sample
from benchmarks.servers.server import Server, ServerContext

# By server and operation; None where the server does not offer the operation.
Results = dict[tuple[str, str], Sample | None]


def measure(
    servers: Sequence[Server],
    operations: Sequence[Operation],
    context: ServerContext,
    *,
    rounds: int,
    seconds: float,
    seconds_to_warm_up: float,
) -> Results:
    """Measure every operation at every server in each round, and return the medians."""
    samples: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    results: Results = {}
    for number in range(rounds):
        for operation in operations:
            for server in _in_turn(servers, number):
                if not operation.is_offered(server.visitors[0]):
                    results[server.name, operation.name] = None
                    continue
                with pinned(context.cores.load):
                    if not number:
                        _prepare(server, operation, seconds)
                        drive(server.address, _repeated(server, operation), seconds_to_warm_up)
                    _prepare(server, operation, seconds)
                    load = partial(drive, server.address, _repeated(server, operation), seconds)
                    sample = take_sample(load, server.processes, context.database.processes)
                samples[server.name, operation.name].append(sample)
                print(f"round {number + 1}  {operation.name:26} {server.name:24} {sample.server_ms:8.2f} ms")
    return results | {key: medians(of_rounds) for key, of_rounds in samples.items()}


def _in_turn(servers: Sequence[Server], number: int) -> Iterator[Server]:
    """Yield the servers in another order in each round, so that none is always measured first."""
    start = number % len(servers)
    yield from (*servers[start:], *servers[:start])


def _prepare(server: Server, operation: Operation, seconds: float) -> None:
    if operation.prepare is not None:
        again = isinstance(operation, OncePerToken)
        for visitor in server.visitors:
            visitor.new_tokens.clear()
        drive(server.address, _each(server, operation.prepare), seconds if again else 0)


def _repeated(server: Server, operation: Operation) -> list[Begin]:
    return _each(server, operation.begin)


def _each(server: Server, begin: Callable[[Visitor], Exchange | None]) -> list[Begin]:
    return [partial(begin, visitor) for visitor in server.visitors]
