"""`python -m benchmarks.billing_link`: compares ResolveAccount with an empty echo, an import with a COPY."""

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
from pathlib import Path
from random import Random

from community_access.billing_link.v1.billing_link_pb2 import ResolveAccountRequest

from benchmarks import echo, grpc_load, records, report
from benchmarks.importing import Import, import_records
from benchmarks.issuer import AUDIENCE, issuer
from benchmarks.postgresql import postgresql
from benchmarks.processes import BenchmarkError, Cores, ProcessTree, pinned, run, running
from benchmarks.samples import Run, Sample, medians, take_sample
from benchmarks.servers.server import ServerContext, accepts, free_port

COMMAND = str(Path(sys.executable).parent / "billing_link")
RESOLVE = "/community_access.billing_link.v1.BillingLinkService/ResolveAccount"
THREADS = 16
SECONDS_TO_WARM_UP = 1.0


@dataclass(frozen=True)
class MeasuredServer:
    """A server, and the load on one of its methods."""

    name: str
    processes: ProcessTree
    load: Callable[[float], Run]


def main() -> int:
    """Measure, print and write; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.billing_link", description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[10_000], help="one city for each (10000)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the medians are shown (5)")
    parser.add_argument("--seconds", type=float, default=2, help="of load in each run (2)")
    parser.add_argument("--callers", type=int, default=16, help="side by side (16)")
    options = parser.parse_args()
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
    report.write("billing_link", text)
    return 0


def _measure(options: argparse.Namespace) -> str:
    cores = Cores.of_this_machine()
    with ExitStack() as held:
        directory = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        context = ServerContext(directory, cores, held.enter_context(postgresql(directory, cores.load)))
        signer = held.enter_context(issuer())
        tokens = [signer.token(records.CITY_ID) for _ in range(options.callers)]
        servers, imports = [held.enter_context(_echo(context, tokens))], []
        for accounts in options.accounts:
            print(f"Importing {accounts:,} accounts")
            url = _database(context, accounts)
            imports.append(import_records(directory, cores, url, accounts))
            servers.append(held.enter_context(_billing_link(context, url, accounts, signer.address, tokens)))
        costs = _rounds(servers, context, options.rounds, options.seconds)
    conditions = f"Medians of {options.rounds} rounds of {options.seconds:g} s, {options.callers} callers."
    return "\n\n".join([conditions, report.table(_calls(costs)), report.table(_imports(imports))])


@contextmanager
def _echo(context: ServerContext, tokens: Sequence[str]) -> Iterator[MeasuredServer]:
    port = free_port()
    target = f"127.0.0.1:{port}"
    command = [sys.executable, "-m", "benchmarks.echo", target, str(THREADS)]
    log = context.directory / "echo.log"
    with running(command, {}, log, context.cores.server, partial(accepts, port)) as processes:
        yield MeasuredServer(
            "empty echo", processes, partial(grpc_load.drive, target, echo.PATH, tokens, lambda: _request(0))
        )


def _database(context: ServerContext, accounts: int) -> str:
    """Return the URL of a migrated database with the city."""
    url = context.database.create(f"billing_link {accounts}").replace(
        "postgresql://", "postgresql+psycopg://", 1
    )
    settings = {"BILLING_LINK_DATABASE_URL": url}
    city = context.directory / "city.json"
    city.write_text(json.dumps(records.CITY))
    run([COMMAND, "migrate"], settings)
    run([COMMAND, "cities", "put", str(city)], settings)
    return url


@contextmanager
def _billing_link(
    context: ServerContext, url: str, accounts: int, issuer_address: str, tokens: Sequence[str]
) -> Iterator[MeasuredServer]:
    port = free_port()
    target = f"127.0.0.1:{port}"
    settings = {
        "BILLING_LINK_DATABASE_URL": url,
        "BILLING_LINK_BIND": target,
        "BILLING_LINK_ISSUER": issuer_address,
        "BILLING_LINK_AUDIENCE": AUDIENCE,
        "BILLING_LINK_RESOURCE_SECRET": secrets.token_urlsafe(32),
        "BILLING_LINK_THREADS": str(THREADS),
    }
    log = context.directory / f"billing_link {accounts}.log"
    chance = Random(accounts)  # noqa: S311 - chooses an account, not a secret
    with running(
        [COMMAND, "serve"], settings, log, context.cores.server, partial(accepts, port)
    ) as processes:
        load = partial(grpc_load.drive, target, RESOLVE, tokens, lambda: _request(chance.randrange(accounts)))
        yield MeasuredServer(f"ResolveAccount, {accounts:,} accounts", processes, load)


def _request(index: int) -> bytes:
    account_number, customer_id = records.numbers(index)
    return ResolveAccountRequest(account_number=account_number, customer_id=customer_id).SerializeToString()


def _rounds(
    servers: Sequence[MeasuredServer], context: ServerContext, rounds: int, seconds: float
) -> dict[str, Sample]:
    samples = defaultdict(list)
    with pinned(context.cores.load):
        for server in servers:
            server.load(SECONDS_TO_WARM_UP)
        for number in range(rounds):
            for server in servers:
                sample = take_sample(
                    partial(server.load, seconds), server.processes, context.database.processes
                )
                samples[server.name].append(sample)
                print(f"round {number + 1}  {server.name:36} {sample.server_ms:8.2f} ms")
    return {name: medians(of_rounds) for name, of_rounds in samples.items()}


def _calls(costs: dict[str, Sample]) -> Iterator[list[str]]:
    echo, smallest, *_ = costs.values()
    yield ["call", "CPU ms", "times the echo", "times the first", "calls a second; p50, p99 in ms"]
    for name, sample in costs.items():
        to_echo, to_first = sample.server_ms / echo.server_ms, sample.server_ms / smallest.server_ms
        first = "" if sample is echo else f"{to_first:.2f}"
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
