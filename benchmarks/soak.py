"""`python -m benchmarks.soak`: whether identity's memory and latency stay the same over time, under load.

By hand, on a quiet machine. It finds the highest throughput of a mix of operations, and holds 70 % of it.
"""

import argparse
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

from benchmarks import operations
from benchmarks.http_load import Exchange, drive
from benchmarks.operations import Visitor
from benchmarks.paced_load import Interval, paced
from benchmarks.postgresql import postgresql
from benchmarks.processes import BenchmarkError, Cores, pinned
from benchmarks.samples import percentiles
from benchmarks.servers import identity
from benchmarks.servers.server import Server, ServerContext

# Of a hundred operations.
MIX: dict[Callable[[Visitor], Exchange], int] = {
    operations.code: 10,
    operations.refresh: 15,
    operations.userinfo: 25,
    operations.introspection: 25,
    operations.client_credentials: 10,
    operations.discovery: 9,
    operations.jwks: 3,
    operations.sign_in_page: 2,
    operations.sign_in: 1,
}
RAMP = (2, 4, 8, 16)
SECONDS_OF_RAMP = 5.0
SHARE = 0.7
# So many lines where the time allows lines of these seconds.
LINES, SHORTEST_LINE, LONGEST_LINE = 30, 5.0, 60.0
# The part at the beginning in which caches and pools fill.
WARM_UP = 0.1
# The last third may be so much above the first: memory by what an allocator keeps, a percentile by chance.
MEMORY_MARGIN, P99_MARGIN = 1.03, 1.25


@dataclass
class Resident:
    """A resident whose browser and websites do anything of the mix."""

    visitor: Visitor
    chance: Random

    def begin(self) -> Exchange:
        """Return the requests of one operation, any one."""
        (perform,) = self.chance.choices(list(MIX), list(MIX.values()))
        return perform(self.visitor)


@dataclass(frozen=True)
class Line:
    """What one line shows."""

    sent: int
    failed: int
    # Milliseconds.
    p50: float
    p99: float
    # MiB: of the largest process; of all, pages that they share counted once.
    resident: float
    proportional: float


def main() -> int:
    """Find the rate, hold it, and print; return 0 if nothing failed and nothing grew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="of load at the rate (30)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with ExitStack() as running:
            cores = Cores.of_this_machine()
            directory = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
            database = running.enter_context(postgresql(directory, cores.load))
            context = ServerContext(directory, cores, database)
            server = running.enter_context(identity.start(context, max(RAMP)))
            running.enter_context(pinned(cores.load))
            return _soak(server, options.minutes * 60)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _soak(server: Server, seconds: float) -> int:
    residents = [Resident(visitor, Random(number)) for number, visitor in enumerate(server.visitors)]  # noqa: S311 - chooses an operation
    # Every resident has tokens from here on.
    drive(server.address, [partial(operations.code, visitor) for visitor in server.visitors])
    rate = SHARE * max(_throughput(server, residents[:count]) for count in RAMP)
    length = min(LONGEST_LINE, max(SHORTEST_LINE, seconds / LINES))
    print(
        f"Holding {rate:.0f} operations a second for {seconds / 60:g} minutes, a line every {length:.0f} s\n"
    )
    print(f"{'sent':>8}{'failed':>8}{'p50 ms':>9}{'p99 ms':>9}{'RSS MiB':>9}{'PSS MiB':>9}")
    lines, errors = [], Counter[str]()
    begin = [resident.begin for resident in residents]
    for interval in paced(server.address, begin, rate=rate, seconds=seconds, interval=length):
        errors.update(interval.errors)
        lines.append(_line(interval, server))
        _print(lines[-1])
    return _judge(lines[max(1, int(len(lines) * WARM_UP)) :], errors)


def _throughput(server: Server, residents: Sequence[Resident]) -> float:
    run = drive(server.address, [resident.begin for resident in residents], SECONDS_OF_RAMP)
    per_second = len(run.latencies) / run.seconds
    print(f"{len(residents)} connections: {per_second:.0f} operations a second", flush=True)
    return per_second


def _line(interval: Interval, server: Server) -> Line:
    p50, p99 = percentiles(interval.latencies) if interval.latencies else (0.0, 0.0)
    processes = server.processes
    return Line(
        sent=len(interval.latencies) + len(interval.errors),
        failed=len(interval.errors),
        p50=p50,
        p99=p99,
        resident=processes.resident_mib(),
        proportional=processes.proportional_mib(),
    )


def _print(line: Line) -> None:
    memory = f"{line.resident:9.1f}{line.proportional:9.1f}"
    print(f"{line.sent:8}{line.failed:8}{line.p50:9.1f}{line.p99:9.1f}{memory}", flush=True)


def _judge(lines: Sequence[Line], errors: Counter[str]) -> int:
    """Compare the last third with the first, and return the exit status."""
    print("\nThe last third, beside the first after the warm-up:")
    grew = [
        _grew("memory (PSS)", "MiB", [line.proportional for line in lines], MEMORY_MARGIN),
        _grew("p99", "ms", [line.p99 for line in lines], P99_MARGIN),
    ]
    for error, count in errors.most_common(5):
        print(f"failed {count} times: {error}")
    print(f"failed: {errors.total()}")
    return 1 if any(grew) or errors else 0


def _grew(name: str, unit: str, values: Sequence[float], margin: float) -> bool:
    third = max(1, len(values) // 3)
    first, last = median(values[:third]), median(values[-third:])
    grew = last > first * margin
    print(f"{name}: {first:.1f} -> {last:.1f} {unit}, {'GREW' if grew else 'flat'}")
    return grew


if __name__ == "__main__":
    sys.exit(main())
