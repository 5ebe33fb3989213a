"""`python -m benchmarks.billing_link`: compares calls with an empty echo, an import with a COPY."""

import argparse
import json
import secrets
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product, repeat
from pathlib import Path

from benchmarks import echo, figures, grpc_load, records, report
from benchmarks.billing_calls import calls, resolve_request
from benchmarks.grpc_load import Caller
from benchmarks.importing import Import, import_records
from benchmarks.issuer import AUDIENCE, issuer
from benchmarks.postgresql import postgresql
from benchmarks.processes import BenchmarkError, Cores, ProcessTree, pinned, run, running
from benchmarks.samples import Run, Sample, medians, take_sample
from benchmarks.servers.server import ServerContext, accepts, free_port

COMMAND = str(Path(sys.executable).parent / "billing_link")
THREADS = 16
SECONDS_TO_WARM_UP = 1.0
ECHO = "empty echo"


@dataclass(frozen=True)
class Measured:
    """A call at a server, and the load of it."""

    name: str
    processes: ProcessTree
    load: Callable[[float], Run]
    prepare: Callable[[], None] = lambda: None


def main() -> int:
    """Measure, print and write; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.billing_link", description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[10_000], help="one city for each (10000)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the medians are shown (5)")
    parser.add_argument("--seconds", type=float, default=2, help="of load in each run (2)")
    parser.add_argument("--callers", type=int, default=16, help="side by side (16)")
    parser.add_argument("--quick", action="store_true", help="short rounds, a small city, nothing written")
    parser.add_argument("--beside", type=Path, help="another version of billing_link/src, measured as well")
    options = parser.parse_args()
    if options.quick:
        options.accounts, options.rounds, options.seconds = [2_000], 3, 0.6
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        text = _measure(options)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; nothing was written.", file=sys.stderr)
        return 128 + signal.SIGINT
    print(f"\n{text}")
    if not options.quick and not options.beside:
        report.write("billing_link", text)
    return 0


def _measure(options: argparse.Namespace) -> str:
    cores = Cores.of_this_machine()
    with ExitStack() as held:
        directory = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        context = ServerContext(directory, cores, held.enter_context(postgresql(directory, cores.load)))
        signer = held.enter_context(issuer())
        measured, imports = [held.enter_context(_echo(context, options.callers))], []
        for accounts, source in product(options.accounts, [None, *filter(None, [options.beside])]):
            place = f"{accounts:,} accounts" + (" (beside)" if source else "")
            print(f"Importing {place}")
            url = _database(context, place)
            imports.append(import_records(directory, cores, url, accounts))
            processes, target = held.enter_context(_serving(context, url, place, signer.address, source))
            found = calls(target, url, signer, callers=options.callers, accounts=accounts)
            for call in found if accounts == options.accounts[0] else found[:1]:
                load = partial(grpc_load.drive, target, call.path, call.callers)
                measured.append(Measured(f"{call.name}, {place}", processes, load, call.prepare))
        costs = _rounds(measured, context, options.rounds, options.seconds)
    figures.save("billing_link", _figures(costs, options.accounts[0]))
    conditions = f"Medians of {options.rounds} rounds of {options.seconds:g} s, {options.callers} callers."
    tables = [report.table(_calls(costs)), report.table(_imports(imports))]
    return "\n\n".join([conditions, *tables[: 1 if options.quick else 2]])


@contextmanager
def _echo(context: ServerContext, callers: int) -> Iterator[Measured]:
    port = free_port()
    target = f"127.0.0.1:{port}"
    command = [sys.executable, "-m", "benchmarks.echo", target, str(THREADS)]
    log = context.directory / "echo.log"
    # As long as an access token is.
    caller = Caller("x" * 900, partial(repeat, resolve_request(0)))
    load = partial(grpc_load.drive, target, echo.PATH, [caller] * callers)
    with running(command, {}, log, context.cores.server, partial(accepts, port)) as processes:
        yield Measured(ECHO, processes, load)


def _database(context: ServerContext, place: str) -> str:
    """Return the URL of a migrated database with the city."""
    url = context.database.create(f"billing_link {place}").replace(
        "postgresql://", "postgresql+psycopg://", 1
    )
    settings = {"BILLING_LINK_DATABASE_URL": url}
    city = context.directory / "city.json"
    city.write_text(json.dumps(records.CITY))
    run([COMMAND, "migrate"], settings)
    run([COMMAND, "cities", "put", str(city)], settings)
    return url


@contextmanager
def _serving(
    context: ServerContext, url: str, place: str, issuer_address: str, source: Path | None
) -> Iterator[tuple[ProcessTree, str]]:
    """Run billing_link, or another version of it; yield its processes and its address."""
    port = free_port()
    target = f"127.0.0.1:{port}"
    settings = {
        "BILLING_LINK_DATABASE_URL": url,
        "BILLING_LINK_BIND": target,
        "BILLING_LINK_ISSUER": issuer_address,
        "BILLING_LINK_AUDIENCE": AUDIENCE,
        "BILLING_LINK_RESOURCE_SECRET": secrets.token_urlsafe(32),
        "BILLING_LINK_THREADS": str(THREADS),
        "PYTHONPATH": str(source or ""),
    }
    log = context.directory / f"billing_link {place}.log"
    with running(
        [COMMAND, "serve"], settings, log, context.cores.server, partial(accepts, port)
    ) as processes:
        yield processes, target


def _rounds(
    measured: Sequence[Measured], context: ServerContext, rounds: int, seconds: float
) -> dict[str, Sample]:
    samples = defaultdict(list)
    with pinned(context.cores.load):
        for one in measured:
            one.prepare()
            one.load(SECONDS_TO_WARM_UP)
        for number in range(rounds):
            for one in measured:
                one.prepare()
                sample = take_sample(partial(one.load, seconds), one.processes, context.database.processes)
                samples[one.name].append(sample)
                print(f"round {number + 1}  {one.name:48} {sample.server_ms:8.2f} ms")
    return {name: medians(of_rounds) for name, of_rounds in samples.items()}


def _figures(costs: dict[str, Sample], accounts: int) -> dict[str, float]:
    """Return the calls, each in times the echo; at the first number of accounts without it in the name."""
    echo = costs[ECHO].whole_ms
    place = f", {accounts:,} accounts"
    return {name.removesuffix(place): sample.whole_ms / echo for name, sample in costs.items()}


def _calls(costs: dict[str, Sample]) -> Iterator[list[str]]:
    echo, smallest, *_ = costs.values()
    yield ["call", "CPU ms", "times the echo", "times the first", "calls a second; p50, p99 in ms"]
    for name, sample in costs.items():
        to_echo, to_first = sample.whole_ms / echo.whole_ms, sample.whole_ms / smallest.whole_ms
        first = f"{to_first:.2f}" if name.startswith("ResolveAccount") else ""
        yield [name, report.cost(sample), f"{to_echo:.2f}", first, report.pace(sample)]


def _imports(imports: Sequence[Import]) -> Iterator[list[str]]:
    yield ["import", "rows", "seconds", "bare COPY, seconds", "times the COPY"]
    for done in imports:
        times = f"{done.imported_seconds / done.copied_seconds:.2f}"
        yield [
            f"{done.accounts:,} accounts",
            f"{done.rows:,}",
            f"{done.imported_seconds:.2f}",
            f"{done.copied_seconds:.2f}",
            times,
        ]


if __name__ == "__main__":
    sys.exit(main())
