"""How many calls are worked on at once, and how many wait. A call counts once its whole request is here.

The permits are queues, since `threading.Semaphore` is written in Python: 6 µs of each call.
"""

from queue import Empty, SimpleQueue

# For each call that is worked on, so many wait.
WAITING_PER_SLOT = 16


class CallSlots:
    """Lets `slots` calls be worked on at once."""

    def __init__(self, slots: int) -> None:
        self._working = _permits(slots)
        self._admitted = _permits(slots * (1 + WAITING_PER_SLOT))

    def take(self, seconds: float) -> bool:
        """Wait for a slot, `seconds` at most; False at once if too many wait already."""
        try:
            self._admitted.get_nowait()
        except Empty:
            return False
        try:
            self._working.get(timeout=seconds)
        except Empty:
            self._admitted.put(None)
            return False
        return True

    def give_back(self) -> None:
        """Give back a slot that was taken."""
        self._working.put(None)
        self._admitted.put(None)


def _permits(count: int) -> "SimpleQueue[None]":
    permits: SimpleQueue[None] = SimpleQueue()
    for _ in range(count):
        permits.put(None)
    return permits
