"""One start: runs the processes, waits until they are ready, and prints the summary."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local import health
from deploy.local.processes import Processes, ProcessLogs, terminal
from deploy.local.settings import Settings


class Start:
    """Runs the processes of a Procfile until a stop signal arrives or one of them ends.

    `environments` are the settings of each process and `checks` its health check, by process name; `summary`
    is printed when every check passes.
    """

    def __init__(
        self,
        settings: Settings,
        procfile: Path,
        environments: Mapping[str, Mapping[str, str]],
        checks: Mapping[str, Callable[[], bool]],
        summary: str,
    ) -> None:
        self._settings, self._checks, self._summary = settings, checks, summary
        self._logs = ProcessLogs(settings.directory / "logs", terminal() if settings.show_logs else None)
        self._processes = Processes(self._logs, self._watch)
        self._processes.add_all(procfile, environments)
        self._late: list[str] = []

    def run(self) -> int:
        """Run; return the exit status: 0 after a stop signal, 1 if a process ended or was not ready."""
        self._processes.loop()
        if self._late:
            self._report(self._late[0], f"was not ready after {self._settings.start_seconds} seconds")
            return 1
        if self._processes.stopped_by_itself is not None:
            self._report(self._processes.stopped_by_itself, "stopped by itself")
            return 1
        print("\nEverything is stopped.")
        return 0

    def _report(self, name: str, what: str) -> None:
        for line in self._logs.last_lines(name):
            print(f"  {line}", file=sys.stderr)
        log = self._settings.directory / "logs" / f"{name}.log"
        print(f"{name} {what}, so everything was stopped. Its log: {log}", file=sys.stderr)

    def _watch(self) -> None:
        threading.Thread(target=self._wait_until_ready, daemon=True).start()

    def _wait_until_ready(self) -> None:
        self._late = health.wait(self._checks, self._settings.start_seconds)
        if self._late:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            print(self._summary, flush=True)
