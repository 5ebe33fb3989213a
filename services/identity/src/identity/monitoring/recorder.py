"""Counts what one process refuses and fails at, and writes the counts every few seconds.

A flood of refusals costs an addition each, and one statement and one line in the log for each kind of them.
While the database does not respond, the counts wait in the process.
"""

import atexit
from collections import Counter
from threading import Event, Lock, Thread

import structlog

from identity.clock import Clock
from identity.errors import UnavailableError
from identity.monitoring.store import Counted, EventCounts
from identity.storage import Storage

WRITE_EVERY_SECONDS = 10.0

_log = structlog.get_logger(__name__)


class EventRecorder:
    """The counts of one process. Its thread starts with the first count."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._lock, self._waiting = Lock(), Counter[tuple[Counted, str]]()
        self._ending = Event()
        self._thread: Thread | None = None

    def count(self, counted: Counted, detail: str) -> None:
        """Count one. Never waits for the database."""
        with self._lock:
            self._waiting[counted, detail] += 1
            if self._thread is None:
                self._thread = Thread(target=self._run, name="event counts", daemon=True)
                self._thread.start()
                atexit.register(self._ending.set)

    def count_fault(self, fault: BaseException) -> None:
        """Count a request that ended with this fault."""
        self.count(Counted.FAULT, "unavailable" if isinstance(fault, UnavailableError) else "unforeseen")

    def write(self) -> None:
        """Write what was counted. What the database does not take is kept for the next time."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
        if not waiting:
            return
        try:
            with self._storage.autocommit() as connection:
                for (counted, detail), count in sorted(waiting.items()):
                    EventCounts(connection).add(counted, {detail: count}, self._clock.now())
                    del waiting[counted, detail]
                    _log.warning("refused", why=counted.value, detail=detail, requests=count)
        except UnavailableError:
            with self._lock:
                self._waiting.update(waiting)

    def _run(self) -> None:
        while not self._ending.wait(WRITE_EVERY_SECONDS):
            self._write_or_log()
        self._write_or_log()

    def _write_or_log(self) -> None:
        try:
            self.write()
        except Exception as fault:  # noqa: BLE001 - the thread goes on counting
            _log.error("event_counts_failed", fault=type(fault).__name__)
