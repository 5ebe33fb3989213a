"""Runs the processes of the Procfile together: when one ends, all are stopped."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Message, Printer
from honcho.process import Process

from deploy.local.commands import environment
from deploy.local.settings import ROOT

LAST_LINES = 15
SECONDS_FOR_LAST_OUTPUT = 2
STOPS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # Started with nohup: the processes outlive their terminal.
    STOPS.remove(signal.SIGHUP)


class ProcessLogs:
    """Writes the output of each process to its own file, and keeps its last lines."""

    def __init__(self, directory: Path, terminal: Printer | None) -> None:
        self.width = 0
        self._directory, self._terminal = directory, terminal
        self._files: dict[str, int] = {}
        self._last: dict[str, deque[str]] = {}
        directory.mkdir(parents=True, exist_ok=True)

    def write(self, message: Message) -> None:
        """Write one message of honcho. It is also called by a signal handler, so the file is not buffered."""
        name = message.name
        data = message.data if isinstance(message.data, bytes) else message.data.encode()
        if name not in self._files:
            path = self._directory / f"{name}.log"
            self._files[name] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._last[name] = deque(maxlen=LAST_LINES)
        os.write(self._files[name], data if data.endswith(b"\n") else data + b"\n")
        self._last[name].extend(data.decode("utf-8", "replace").splitlines())
        if self._terminal is not None:
            self._terminal.width = self.width
            self._terminal.write(message)

    def last_lines(self, name: str) -> list[str]:
        """Return the last lines of a process."""
        return list(self._last.get(name, ()))


class _GroupLeader(Process):  # type: ignore[misc]  # honcho is published without types
    """A process that ends when its command ends, even if its workers still hold its output open."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:  # noqa: ANN401, FBT001, FBT002 - honcho's signature
        """Run the command, relay its output, and kill the processes that it leaves behind."""
        self._events = events
        self._child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
        self._send_message({"pid": self._child.pid}, type="start")
        if ignore_signals:
            # The manager decides when this ends: by ending the command.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
        relaying = threading.Thread(target=self._relay, daemon=True)
        relaying.start()
        self._child.wait()
        _kill_group(self._child.pid)
        relaying.join(SECONDS_FOR_LAST_OUTPUT)
        self._send_message({"returncode": self._child.returncode}, type="stop")

    def _relay(self) -> None:
        for line in self._child.stdout:
            self._send_message(line)


class Processes(Manager):  # type: ignore[misc]  # honcho is published without types
    """honcho's manager, which also leaves no process behind, however it ends."""

    def __init__(self, logs: ProcessLogs, when_started: Callable[[], None]) -> None:
        super().__init__(printer=logs)
        self._process_ctor = _GroupLeader
        self.stopped_by_itself: str | None = None
        self._when_started = when_started
        self._stop_requested_early = False

    def add_all(self, procfile: Path, settings: Mapping[str, Mapping[str, str]]) -> None:
        """Add each process of a Procfile with its settings, given by process name."""
        for name, command in parse_procfile(procfile.read_text()).processes.items():
            self.add_process(name, command, env=environment(settings[name]), cwd=str(ROOT))

    def loop(self) -> None:
        """Run until a process ends or a signal arrives; afterwards every process is gone."""
        if signal.SIGHUP in STOPS:
            signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        try:
            super().loop()
        finally:
            for process in self._processes.values():
                if "pid" in process:
                    _kill_group(process["pid"])

    def terminate(self) -> None:
        """Stop every process, and record the one that ended by itself, if one did."""
        if not super()._all_started():
            # The signal came before every process was started: it is handled when they are.
            self._stop_requested_early = True
            return
        if not self._terminating:
            stopped = (name for name, process in self._processes.items() if "returncode" in process)
            self.stopped_by_itself = next(stopped, None)
        super().terminate()

    def _all_started(self) -> bool:
        started: bool = super()._all_started()
        if started and self._stop_requested_early:
            self._stop_requested_early = False
            self.terminate()
        return started

    def _start(self) -> None:
        # honcho handles signals from here on. Processes inherit the mask, so it is lifted first.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        super()._start()
        self._when_started()


def _kill_group(leader: int) -> None:
    """Kill the rest of a process group: workers whose parent died before it stopped them."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def terminal() -> Printer:
    """Return honcho's printer: each line follows the name of its process."""
    return Printer(sys.stdout)
