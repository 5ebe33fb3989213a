"""Measures providers in rounds of short runs; within each operation the servers take turns."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.http_load import Exchange, drive
from benchmarks.operations import Operation
from benchmarks.processes import pinned
from benchmarks.samples import Sample, medians, take_sample
from benchmarks.servers.server import Server, ServerContext

# Long enough for V8 to compile the hot code.
SECONDS_TO_WARM_UP = 1.5

# By server and operation; None where the server does not offer the operation.
Results = dict[tuple[str, str], Sample | None]


def measure(
    servers: Sequence[Server],
    operations: Sequence[Operation],
    context: ServerContext,
    *,
    rounds: int,
    seconds: float,
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
                    _prepare(server, operation, warm_up=not number)
                    load = partial(drive, server.address, _performed(server, operation), seconds)
                    sample = take_sample(load, server.processes, context.database.processes)
                samples[server.name, operation.name].append(sample)
                print(f"round {number + 1}  {operation.name:20} {server.name:24} {sample.server_ms:8.2f} ms")
    return results | {key: medians(of_rounds) for key, of_rounds in samples.items()}


def _in_turn(servers: Sequence[Server], number: int) -> Iterator[Server]:
    """Yield the servers in another order in each round, so that none is always measured first."""
    start = number % len(servers)
    yield from (*servers[start:], *servers[:start])


def _prepare(server: Server, operation: Operation, *, warm_up: bool) -> None:
    if operation.prepare is not None:
        drive(server.address, [partial(operation.prepare, visitor) for visitor in server.visitors])
    if warm_up:
        drive(server.address, _performed(server, operation), SECONDS_TO_WARM_UP)


def _performed(server: Server, operation: Operation) -> list[partial[Exchange]]:
    return [partial(operation.perform, visitor) for visitor in server.visitors]
