"""A start stops every process when one ends, when one is not ready in time, and after a stop signal."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
DRIVER = textwrap.dedent("""
    import signal
    import sys
    from pathlib import Path
    # Tests that were started with nohup, which ignores it, still test it.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    from deploy.local.settings import Settings
    from deploy.local.start import Start

    directory = Path(sys.argv[1])
    settings = Settings(directory, show_logs=False, start_seconds=1, values={})
    names = [line.split(":")[0] for line in (directory / "Procfile").read_text().splitlines()]
    ready = {name: (lambda name=name: (directory / f"{name} is ready").exists()) for name in sys.argv[2:]}
    marks = {name: {"LOCAL_DIRECTORY": str(directory)} for name in names}
    sys.exit(Start(settings, directory / "Procfile", marks, ready, "summary").run())
""")
Driven = subprocess.Popen[str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Driven]]:
    """Return a function that starts a Procfile; `questions` are the processes asked for readiness."""
    started: list[Driven] = []

    def run(procfile: str, *questions: str) -> Driven:
        (tmp_path / "Procfile").write_text(textwrap.dedent(procfile).strip() + "\n")
        started.append(
            subprocess.Popen(  # noqa: S603 - this test's own code
                [sys.executable, "-c", DRIVER, str(tmp_path), *questions],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return started[-1]

    yield run
    for driven in started:
        if driven.poll() is None:
            driven.kill()
            driven.communicate()
        for left in left_over(tmp_path):
            left.kill()


def left_over(directory: Path) -> list[psutil.Process]:
    """Return the processes of a start that still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("LOCAL_DIRECTORY") == str(directory):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def test_a_process_that_ends_stops_the_others_and_is_named(
    start: Callable[..., Driven], tmp_path: Path
) -> None:
    driven = start("""
        steady: exec sleep 60
        brief: echo the disk is full; sleep 0.5; exit 3
    """)

    output, _ = driven.communicate(timeout=20)

    assert driven.returncode == 1
    assert "  the disk is full\nbrief stopped by itself, so everything was stopped." in output
    assert left_over(tmp_path) == []


def test_workers_whose_parent_died_are_stopped_too(start: Callable[..., Driven], tmp_path: Path) -> None:
    driven = start("""
        parent: sleep 60 & sleep 0.5; kill -KILL $$
        other: exec sleep 60
    """)

    output, _ = driven.communicate(timeout=20)

    assert driven.returncode == 1
    assert "parent stopped by itself" in output
    assert left_over(tmp_path) == []


def test_a_process_that_is_not_ready_in_time_is_named_with_its_last_lines(
    start: Callable[..., Driven], tmp_path: Path
) -> None:
    (tmp_path / "quick is ready").touch()
    driven = start(
        """
        quick: exec sleep 60
        slow: echo still thinking; exec sleep 60
        """,
        *("quick", "slow"),
    )

    output, _ = driven.communicate(timeout=20)

    assert driven.returncode == 1
    assert "  still thinking\nslow was not ready after 1 seconds" in output
    assert "summary" not in output
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_stops_every_process_and_is_a_success(
    start: Callable[..., Driven], tmp_path: Path, number: int
) -> None:
    (tmp_path / "one is ready").touch()
    driven = start("one: exec sleep 60\ntwo: exec sleep 60", "one")
    assert driven.stdout is not None
    assert driven.stdout.readline() == "summary\n"

    os.kill(driven.pid, number)
    output, _ = driven.communicate(timeout=20)

    assert driven.returncode == 0
    assert "Everything is stopped." in output
    assert left_over(tmp_path) == []


def test_a_process_that_ignores_the_stop_signal_is_killed(
    start: Callable[..., Driven], tmp_path: Path
) -> None:
    (tmp_path / "stubborn is ready").touch()
    driven = start(
        """
        stubborn: trap '' TERM; while :; do sleep 0.2; done
        other: exec sleep 60
        """,
        "stubborn",
    )
    assert driven.stdout is not None
    driven.stdout.readline()

    driven.send_signal(signal.SIGINT)
    driven.communicate(timeout=20)

    assert driven.returncode == 0
    assert left_over(tmp_path) == []
