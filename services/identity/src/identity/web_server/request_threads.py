"""How many requests are worked on at once, and how many wait."""

import threading
from collections import deque
from time import monotonic
from typing import Protocol

# So many requests wait for each thread of the process; none longer than these seconds, after which its sender
# has gone.
WAITING_PER_THREAD, MOST_SECONDS = 16, 10.0


class Work(Protocol):
    """A request that can be answered, or refused if no thread comes free in time. Neither raises."""

    def run(self) -> None: ...
    def refuse(self) -> None: ...


class RequestThreads:
    """Lets `threads` of the threads that bring requests work on them; the others bring the next ones.

    A thread that is done goes on with the request that waits longest, so no request changes threads when one
    is free.
    """

    def __init__(self, threads: int, most_waiting: int) -> None:
        self._free, self._most_waiting = threads, most_waiting
        self._waiting: deque[tuple[float, Work]] = deque()
        self._lock = threading.Lock()

    def submit(self, work: Work) -> None:
        """Run it here and now, or let it wait; beyond the most that wait, refuse it at once."""
        with self._lock:
            runs = self._free > 0
            waits = not runs and len(self._waiting) < self._most_waiting
            if runs:
                self._free -= 1
            elif waits:
                self._waiting.append((monotonic(), work))
        if runs:
            self._run_all(work)
        elif not waits:
            work.refuse()

    def _run_all(self, work: Work) -> None:
        act = work.run
        while True:
            act()
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                since, work = self._waiting.popleft()
            act = work.run if monotonic() - since < MOST_SECONDS else work.refuse
