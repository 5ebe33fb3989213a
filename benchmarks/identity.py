"""`python -m benchmarks.identity`: compares identity with other providers and with lower bounds."""

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

from benchmarks import figures, report
from benchmarks.argon2id import argon2id_ms
from benchmarks.measuring import measure
from benchmarks.operations import OPERATIONS, SIGN_IN, SIGN_IN_PAGE
from benchmarks.peers import install
from benchmarks.postgresql import postgresql
from benchmarks.processes import BenchmarkError, Cores
from benchmarks.servers import canaille, empty_route, hydra, identity, oidc_provider, static_page
from benchmarks.servers.server import Server, ServerContext, Start

SERVERS: dict[str, Start] = {
    "identity": identity.start,
    "oidc-provider-es256": partial(oidc_provider.start, algorithm="ES256"),
    "oidc-provider-rs256": partial(oidc_provider.start, algorithm="RS256"),
    "hydra": hydra.start,
    "canaille": canaille.start,
    "empty-route": empty_route.start,
}
# Long enough for V8 to compile the hot code.
SECONDS_TO_WARM_UP = 1.5
QUICK = ("identity", "oidc-provider-es256")
PAGES = (empty_route.NAME, static_page.NAME)
REFERENCE = oidc_provider.name_with("ES256")


def main() -> int:
    """Measure and print; write if everything was measured. Returns the exit status."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        left_out = install.install(options.servers)
        done = _measure(options, [name for name in options.servers if name not in left_out])
    except (BenchmarkError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; nothing was written.", file=sys.stderr)
        return 128 + signal.SIGINT
    text = "\n\n".join([done.markdown(), *left_out.values()])
    print(f"\n{text}")
    figures.save("identity", done.figures(REFERENCE))
    if options.servers == list(SERVERS) and options.operations == [op.name for op in OPERATIONS]:
        report.write("identity", text)
        report.write("standing", done.standing(REFERENCE), report.PROJECT_README)
        (Path(__file__).parent / "ratios.svg").write_text(done.picture(REFERENCE))
    else:
        print("\nOnly a part was measured, so nothing was written.")
    return 0


def _options() -> argparse.Namespace:
    names = [operation.name for operation in OPERATIONS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity", description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="of which the medians are shown (4)")
    parser.add_argument("--seconds", type=float, default=2, help="of load in each run (2)")
    parser.add_argument("--connections", type=int, default=16, help="kept alive side by side (16)")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--operations", nargs="+", choices=names, default=names)
    parser.add_argument("--quick", action="store_true", help=f"one short round of {' and '.join(QUICK)} only")
    options = parser.parse_args()
    options.warm_up = SECONDS_TO_WARM_UP / 3 if options.quick else SECONDS_TO_WARM_UP
    if options.quick:
        options.rounds, options.seconds, options.servers = 1, 0.7, list(QUICK)
    return options


def _measure(options: argparse.Namespace, names: Sequence[str]) -> report.Report:
    cores = Cores.of_this_machine()
    chosen = [operation for operation in OPERATIONS if operation.name in options.operations]
    with ExitStack() as running:
        directory = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        database = running.enter_context(postgresql(directory, cores.load))
        context = ServerContext(directory, cores, database)
        print("Starting")
        servers = [running.enter_context(SERVERS[name](context, options.connections)) for name in names]
        # The same page, as each server that has one sends it.
        pages = [url for server in servers if (url := server.provider.metadata.get("sign_in_page"))]
        if SIGN_IN_PAGE in chosen:
            servers += [
                running.enter_context(static_page.start(context, options.connections, url)) for url in pages
            ]
        measured = partial(
            measure,
            servers,
            context=context,
            rounds=options.rounds,
            seconds=options.seconds,
            seconds_to_warm_up=options.warm_up,
        )
        memory = {"idle": _memory(servers)}
        results = measured([operation for operation in chosen if operation is not SIGN_IN])
        memory["after the protocol's load"] = _memory(servers)
        # Last, since the memory of hashing is not released.
        hash_before = argon2id_ms(cores)
        results |= measured([operation for operation in chosen if operation is SIGN_IN])
        memory["after password sign-ins"] = _memory(servers)
        return report.Report(
            results=results,
            servers=[server.name for server in servers if server.name not in PAGES],
            compared=[
                server.name for server in servers if server.name in (REFERENCE, hydra.NAME, canaille.NAME)
            ],
            memory=memory,
            proportional_memory={server.name: server.processes.proportional_mib() for server in servers},
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
