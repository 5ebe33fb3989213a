"""`python -m benchmarks`: measures every part in turn, and writes the summary into the README."""

import argparse
import subprocess
import sys
from collections.abc import Sequence

from benchmarks import aims, figures, report

# Each runs alone too: `python -m benchmarks.identity`.
PARTS = ("identity", "billing_link", "portal")


def main() -> int:
    """Measure, print and write; return the exit status."""
    options = _options()
    try:
        done = [_run(part, _arguments(options)) for part in PARTS]
    except KeyboardInterrupt:
        return 130
    found = {name: value for part in PARTS for name, value in figures.load(part).items()}
    text = report.table(aims.summary(found))
    print(f"\n{text}")
    if all(done) and not options.quick:
        report.write("summary", text)
    return 0 if all(done) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", help="of which the medians are shown")
    parser.add_argument("--seconds", help="of load in each run")
    parser.add_argument("--quick", action="store_true", help="in under two minutes; nothing is written")
    return parser.parse_args()


def _arguments(options: argparse.Namespace) -> list[str]:
    given = {"--rounds": options.rounds, "--seconds": options.seconds}
    valued = [word for name, value in given.items() if value is not None for word in (name, value)]
    return [*valued, *(["--quick"] if options.quick else [])]


def _run(part: str, arguments: Sequence[str]) -> bool:
    """Measure one part; tell whether it was measured."""
    print(f"\n# {part}", flush=True)
    figures.forget(part)
    command = [sys.executable, "-m", f"benchmarks.{part}", *arguments]
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - a part of the benchmarks


if __name__ == "__main__":
    sys.exit(main())
