"""Writes lines of the log from a thread of its own, many in one write.

A write to the log at each call costs more than the line: the call gives up the interpreter for it and waits
to get it back. And where the log's reader stops, calls would stop with it. So a line waits here, for a moment
and in a queue with an end; beyond the end lines are left out, and how many is written. What explains a
failure does not come here: structlog writes it at once.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

import structlog

# Lines that wait at most; a second of a busy server has a few thousand.
_MOST_WAITING = 10_000
# Seconds in which lines gather. As many are lost if the process is killed.
_GATHERING = 0.05
# Seconds to wait, at the end, for a reader that has stopped.
_LONGEST_END = 5.0


def _write_to_stderr(text: str) -> None:
    # By structlog's logger, which writes no line into another's.
    structlog.PrintLogger(sys.stderr).msg(text)


class LogWriter:
    """Writes lines in the order in which they came. Safe to use from many threads."""

    def __init__(self, write: Callable[[str], None] = _write_to_stderr) -> None:
        """Write nothing yet. `write` takes lines without the last line's end."""
        self._write = write
        # None: the end.
        self._waiting: SimpleQueue[str | None] = SimpleQueue()
        self._left_out, self._counting = 0, threading.Lock()
        self._has_ended = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def add(self, line: str) -> None:
        """Have a line written within a moment; it is counted and left out if too many wait."""
        if self._has_ended:
            self._write(line)
        elif self._waiting.qsize() < _MOST_WAITING:
            self._waiting.put(line)
        else:
            self._count_left_out(1)

    def end(self) -> None:
        """Write what waits, and end the thread. What is added later is written at once."""
        self._has_ended = True
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join(_LONGEST_END)
        self._write_lines(self._take_waiting())

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            time.sleep(_GATHERING)
            self._write_lines([first, *self._take_waiting()])

    def _take_waiting(self) -> list[str]:
        """Return the lines up to the end."""
        taken: list[str] = []
        with suppress(Empty):
            for _ in range(self._waiting.qsize()):
                line = self._waiting.get_nowait()
                if line is None:
                    self._waiting.put(None)
                    break
                taken.append(line)
        return taken

    def _write_lines(self, lines: list[str]) -> None:
        with self._counting:
            left_out, self._left_out = self._left_out, 0
        told = (
            [json.dumps({"lines": left_out, "event": "log.left_out", "level": "warning"})] if left_out else []
        )
        if not lines and not told:
            return
        try:
            self._write("\n".join([*lines, *told]))
        except (OSError, ValueError):
            # Nothing reads the log, or it is closed: the service goes on.
            self._count_left_out(left_out + len(lines))

    def _count_left_out(self, lines: int) -> None:
        with self._counting:
            self._left_out += lines
