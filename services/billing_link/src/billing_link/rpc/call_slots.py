"""How many calls are worked on at once, and how many wait. A call counts once its whole request is here."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# For each call that is worked on, so many wait.
WAITING_PER_SLOT = 16


class CallSlots:
    """Lets `slots` calls be worked on at once."""

    def __init__(self, slots: int) -> None:
        self._working = threading.Semaphore(slots)
        self._admitted = threading.Semaphore(slots * (1 + WAITING_PER_SLOT))

    @contextmanager
    def taken(self, seconds: float) -> Iterator[bool]:
        """Wait for a slot, `seconds` at most, and hold it; False at once if too many wait already."""
        if not self._admitted.acquire(blocking=False):
            yield False
            return
        try:
            if not self._working.acquire(timeout=seconds):
                yield False
                return
            try:
                yield True
            finally:
                self._working.release()
        finally:
            self._admitted.release()
