"""Whether the database answers now, for any number of callers at once, on one connection."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from time import monotonic

# Seconds for an answer; what asks for readiness gives up after a few.
SECONDS = 1.0


class DatabaseProbe:
    """Asks the database in a thread of its own, one question at a time; callers at the same time share it."""

    def __init__(self, is_reachable: Callable[[], bool]) -> None:
        self._is_reachable = is_reachable
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database-probe")
        self._lock = Lock()
        self._asked: Future[bool] | None = None
        self._until = 0.0

    def succeeds(self) -> bool:
        """Tell whether the database answers within a second of being asked."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked, self._until = self._thread.submit(self._is_reachable), monotonic() + SECONDS
            asked, until = self._asked, self._until
        try:
            return asked.result(max(0.0, until - monotonic()))
        except TimeoutError:
            return False
