"""Starts server processes pinned to a core, reads their CPU time and memory, and stops them by id."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
BYTES_PER_PAGE = os.sysconf("SC_PAGE_SIZE")
SECONDS_TO_START = 60
SECONDS_TO_STOP = 10


class BenchmarkError(Exception):
    """The benchmark must stop; the text says why."""


@dataclass(frozen=True)
class Cores:
    """The core of the measured servers, and the core of load generator and database."""

    server: int
    load: int

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """Return the first two cores of this process; raises `BenchmarkError` if there is only one."""
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) < 2:  # noqa: PLR2004 - two cores
            raise BenchmarkError("Two cores are needed: one for the server, one for load and database")
        return cls(server=allowed[0], load=allowed[1])


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run this thread, and every process that it starts meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class ProcessTree:
    """A process and all its descendants."""

    def __init__(self, root: int) -> None:
        self.root = root

    def members(self) -> list[int]:
        """Return the ids of the processes that run now."""
        found, waiting = [], [self.root]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for children in PROC.glob(f"{pid}/task/*/children"):
                with suppress(OSError):
                    waiting += map(int, children.read_text().split())
        return found

    def cpu_seconds(self) -> float:
        """Return the user and system time so far, including children that have ended."""
        # Fields 16 and 17 of proc_pid_stat(5): the time of children waited for, in ticks.
        ended = sum(sum(map(int, fields[13:15])) for fields in self._stats()) / TICKS_PER_SECOND
        return ended + sum(map(_cpu_seconds, self.members()))

    def resident_mib(self) -> float:
        """Return the resident memory of the largest process: at identity, the one that serves."""
        return max(int(fields[21]) for fields in self._stats()) * BYTES_PER_PAGE / 2**20

    def proportional_mib(self) -> float:
        """Return the memory of all; pages that several processes share count once (PSS)."""
        kib = 0
        for pid in self.members():
            # A process may end meanwhile.
            with suppress(OSError):
                lines = (PROC / f"{pid}/smaps_rollup").read_text().splitlines()
                kib += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return kib / 1024

    def _stats(self) -> Iterator[list[str]]:
        for pid in self.members():
            # A process may end meanwhile.
            with suppress(OSError):
                yield (PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu_seconds(pid: int) -> float:
    # The clock of another process (clock_getcpuclockid(3)): nanoseconds, where `stat` has hundredths of a
    # second, which a database of many processes that each do little rounds away.
    with suppress(OSError):
        return time.clock_gettime(~pid << 3 | 2)
    return 0.0


@contextmanager
def running(
    command: Sequence[str], settings: Mapping[str, str], log: Path, core: int, ready: Callable[[], bool]
) -> Iterator[ProcessTree]:
    """Run a server on one core during the block; raises `BenchmarkError` if it is not ready in time."""
    with log.open("wb") as output, pinned(core):
        process = subprocess.Popen(  # noqa: S603 - the benchmark's own commands
            command,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | dict(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A process group of its own, so that workers that outlive their parent are killed too.
            start_new_session=True,
        )
    try:
        _wait(process, log, ready)
        yield ProcessTree(process.pid)
    finally:
        _stop(process)


def run(command: Sequence[str], settings: Mapping[str, str], text: str = "") -> str:
    """Run a command with `text` as its input; return its output, raise `BenchmarkError` if it fails."""
    done = subprocess.run(  # noqa: S603 - the benchmark's own commands
        command,
        env=os.environ | dict(settings),
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def _wait(process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            last_lines = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise BenchmarkError(f"{log.stem} did not start:\n{last_lines}")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS_TO_STOP)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
