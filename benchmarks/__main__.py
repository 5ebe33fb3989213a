"""`python -m benchmarks`: measures identity and other providers, and writes the results into the README."""

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks import report
from benchmarks.argon2id import argon2id_ms
from benchmarks.measuring import measure
from benchmarks.operations import OPERATIONS, SIGN_IN
from benchmarks.peers import install
from benchmarks.postgresql import postgresql
from benchmarks.processes import BenchmarkError, Cores
from benchmarks.servers import canaille, empty_route, identity, oidc_provider
from benchmarks.servers.server import Server, ServerContext, Start

SERVERS: dict[str, Start] = {
    "identity": identity.start,
    "oidc-provider-es256": partial(oidc_provider.start, algorithm="ES256"),
    "oidc-provider-rs256": partial(oidc_provider.start, algorithm="RS256"),
    "canaille": canaille.start,
    "empty-route": empty_route.start,
}
REFERENCE = oidc_provider.name_with("ES256")


def main() -> int:
    """Measure and print; write if everything was measured. Returns the exit status."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        install.install()
        done = _measure(options)
    except (BenchmarkError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; nothing was written.", file=sys.stderr)
        return 128 + signal.SIGINT
    print(f"\n{done.markdown()}")
    if options.servers == list(SERVERS) and options.operations == [op.name for op in OPERATIONS]:
        report.write("identity", done.markdown())
        (Path(__file__).parent / "ratios.svg").write_text(done.picture(REFERENCE))
    else:
        print("\nOnly a part was measured, so nothing was written.")
    return 0


def _options() -> argparse.Namespace:
    names = [operation.name for operation in OPERATIONS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of which the medians are shown (5)")
    parser.add_argument("--seconds", type=float, default=2, help="of load in each run (2)")
    parser.add_argument("--connections", type=int, default=16, help="kept alive side by side (16)")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--operations", nargs="+", choices=names, default=names)
    return parser.parse_args()


def _measure(options: argparse.Namespace) -> report.Report:
    cores = Cores.of_this_machine()
    chosen = [operation for operation in OPERATIONS if operation.name in options.operations]
    with ExitStack() as running:
        directory = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        database = running.enter_context(postgresql(directory, cores.load))
        context = ServerContext(directory, cores, database)
        print("Starting")
        servers = [
            running.enter_context(SERVERS[name](context, options.connections)) for name in options.servers
        ]
        measured = partial(
            measure,
            servers,
            context=context,
            rounds=options.rounds,
            seconds=options.seconds,
        )
        memory = {"idle": _memory(servers)}
        results = measured([operation for operation in chosen if operation is not SIGN_IN])
        memory["after the protocol's load"] = _memory(servers)
        # Last, since the memory of hashing is not released.
        hash_before = argon2id_ms(cores)
        results |= measured([operation for operation in chosen if operation is SIGN_IN])
        memory["after password sign-ins"] = _memory(servers)
        names = [server.name for server in servers if server.name != empty_route.NAME]
        return report.Report(
            results=results,
            servers=names,
            compared=[name for name in (REFERENCE, canaille.NAME) if name in names],
            memory=memory,
            argon2id_ms=(hash_before + argon2id_ms(cores)) / 2,
            conditions=_conditions(options, database.version),
        )


def _memory(servers: Sequence[Server]) -> dict[str, float]:
    return {server.name: server.processes.resident_mib() for server in servers}


def _conditions(options: argparse.Namespace, postgresql_version: str) -> str:
    node = subprocess.run([install.node(), "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return (
        f"Medians of {options.rounds} rounds of {options.seconds:g} s, {options.connections} connections; "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, Node.js {node.stdout.strip()[1:]}, "
        f"PostgreSQL {postgresql_version}."
    )


if __name__ == "__main__":
    sys.exit(main())
