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

    @property
    def whole_ms(self) -> float:
        """CPU milliseconds per operation, of the server and PostgreSQL together."""
        return self.server_ms + self.database_ms


def take_sample(load: Callable[[], Run], server: ProcessTree, database: ProcessTree) -> Sample:
    """Run the load on a server and return its cost."""
    before = server.cpu_seconds(), database.cpu_seconds()
    run = load()
    after = server.cpu_seconds(), database.cpu_seconds()
    count = len(run.latencies)
    p50, p99 = percentiles(run.latencies)
    return Sample(
        server_ms=(after[0] - before[0]) / count * 1000,
        database_ms=(after[1] - before[1]) / count * 1000,
        throughput=count / run.seconds,
        p50=p50,
        p99=p99,
    )


def percentiles(latencies: Sequence[float]) -> tuple[float, float]:
    """Return the 50th and the 99th percentile of these seconds, in milliseconds."""
    hundredths = quantiles(latencies, n=100, method="inclusive") if len(latencies) > 1 else [*latencies] * 99
    return hundredths[49] * 1000, hundredths[98] * 1000


def medians(samples: Sequence[Sample]) -> Sample:
    """Return the median of each number."""
    return Sample(
        server_ms=median(sample.server_ms for sample in samples),
        database_ms=median(sample.database_ms for sample in samples),
        throughput=median(sample.throughput for sample in samples),
        p50=median(sample.p50 for sample in samples),
        p99=median(sample.p99 for sample in samples),
    )
