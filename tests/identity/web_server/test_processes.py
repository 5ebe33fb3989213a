"""Processes that die: started again with growing pauses, unless none could ever start."""

import os
import signal
import subprocess
import sys
import textwrap
import time

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from identity.logs import write_json_logs
from identity.web_server.processes import Processes

write_json_logs()
STARTS = Path(sys.argv[1])

def work(works):
    with STARTS.open("a") as file:
        file.write(f"{os.getpid()}\\n")
    WORK

ended = Processes(work, 2, lambda: print("ending", flush=True)).run()
print("by a signal" if ended else "by itself", flush=True)
"""


def start(work: str, starts) -> subprocess.Popen[str]:
    program = PROGRAM.replace("WORK", textwrap.indent(work, "    ").strip())
    return subprocess.Popen([sys.executable, "-c", program, str(starts)], stdout=subprocess.PIPE, text=True)  # noqa: S603 - this test's own


def pids(starts, number: int) -> list[int]:
    """Return the processes, once so many have started."""
    end = time.monotonic() + 30
    while not starts.exists() or len(starts.read_text().split()) < number:
        assert time.monotonic() < end
        time.sleep(0.02)
    return [int(pid) for pid in starts.read_text().split()]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def said(process: subprocess.Popen[str]) -> list[str]:
    with process:
        return process.communicate(timeout=30)[0].splitlines()


def test_one_that_is_killed_is_replaced(tmp_path):
    starts = tmp_path / "starts"
    process = start("works(); signal.pause()", starts)
    time.sleep(0.5)
    victim = pids(starts, 2)[0]
    os.kill(victim, signal.SIGKILL)
    assert victim not in pids(starts, 3)[1:]
    process.terminate()
    assert said(process) == ["ending", "by a signal"]


def test_if_none_can_start_they_end(tmp_path):
    starts = tmp_path / "starts"
    process = start("sys.exit(1)", starts)
    assert said(process) == ["ending", "by itself"]
    assert len(starts.read_text().split()) <= 2


def test_if_none_can_start_any_more_they_end_after_some_pauses(tmp_path):
    starts = tmp_path / "starts"
    failing = "works() if len(STARTS.read_text().split()) <= 2 else sys.exit(1); time.sleep(0.5); sys.exit(1)"
    began = time.monotonic()
    process = start(failing, starts)
    assert said(process) == ["ending", "by itself"]
    assert time.monotonic() - began > 1
    assert len(starts.read_text().split()) <= 9


def test_they_end_with_a_main_process_that_is_killed(tmp_path):
    starts = tmp_path / "starts"
    process = start("works(); signal.pause()", starts)
    both = pids(starts, 2)
    process.kill()
    assert said(process) == []
    end = time.monotonic() + 10
    while any(lives(pid) for pid in both):
        assert time.monotonic() < end
        time.sleep(0.05)
