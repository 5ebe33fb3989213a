"""The cost of a run of load: CPU times are read before and after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.processes import ProcessTree


@dataclass(frozen=True)
class Run:
    """The times of one run of load."""

    # Seconds of each operation.
    latencies: Sequence[float]
    # Seconds of the whole run.
    seconds: float


@dataclass(frozen=True)
class Sample:
    """One operation at one server: the values of one run, or the medians of several."""

    # CPU milliseconds per operation, of the server and of PostgreSQL.
    server_ms: float
    database_ms: float
    # Operations per second.
    throughput: float
    # Milliseconds.
    p50: float
    p99: float


def take_sample(load: Callable[[], Run], server: ProcessTree, database: ProcessTree) -> Sample:
    """Run the load on a server and return its cost."""
    before = server.cpu_seconds(), database.cpu_seconds()
    run = load()
    after = server.cpu_seconds(), database.cpu_seconds()
    count = len(run.latencies)
    hundredths = quantiles(run.latencies, n=100, method="inclusive") if count > 1 else [run.latencies[0]] * 99
    return Sample(
        server_ms=(after[0] - before[0]) / count * 1000,
        database_ms=(after[1] - before[1]) / count * 1000,
        throughput=count / run.seconds,
        p50=hundredths[49] * 1000,
        p99=hundredths[98] * 1000,
    )


def medians(samples: Sequence[Sample]) -> Sample:
    """Return the median of each number."""
    return Sample(
        server_ms=median(sample.server_ms for sample in samples),
        database_ms=median(sample.database_ms for sample in samples),
        throughput=median(sample.throughput for sample in samples),
        p50=median(sample.p50 for sample in samples),
        p99=median(sample.p99 for sample in samples),
    )
