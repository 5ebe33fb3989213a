"""Which deliveries run, and which may begin beside them.

A slow recipient leaves room for the others: one destination holds at most a quarter of the lanes, and those
that were slow hold at most half of them together. A server that takes nothing gets one delivery at a time,
with growing pauses; once it takes one, the others follow.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

# A delivery that takes as long makes its destination a slow one, for ten minutes after it.
SLOW = timedelta(seconds=3)
REMEMBERED = timedelta(minutes=10)
# Between two deliveries to a server that takes nothing: doubled from the first to the last.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=10)


@dataclass(frozen=True, eq=False)
class Try:
    """A delivery that runs."""

    destination: str
    began: datetime
    # How often the server had been away before.
    outages: int


class Lanes:
    """The lanes of one worker. Many threads may use it."""

    def __init__(self, number: int) -> None:
        self._number, self._of_one, self._of_slow = number, max(number // 4, 1), max(number // 2, 1)
        self._lock = Lock()
        self._running: set[Try] = set()
        # When each last was slow.
        self._slow: dict[str, datetime] = {}
        # How many may run at a time: fewer while the server refuses some.
        self._allowed = number
        self._outages = 0
        self._paused_at: datetime | None = None
        self._pause = timedelta()

    def begin(self, destination: str, now: datetime) -> Try:
        """Take a lane for a delivery."""
        with self._lock:
            began = Try(destination, now, self._outages)
            self._running.add(began)
            return began

    def end(self, ended: Try, now: datetime, *, is_away: bool) -> None:
        """Give the lane back. `is_away`: the server takes nothing now, whatever the message."""
        with self._lock:
            self._running.discard(ended)
            if now - ended.began >= SLOW and not is_away:
                self._slow[ended.destination] = now
            if not is_away:
                self._allowed, self._pause = min(self._allowed + 1, self._number), timedelta()
            elif ended.outages == self._outages:
                self._note_refusal(now)

    def is_full(self, now: datetime) -> bool:
        """Tell whether none may begin now."""
        with self._lock:
            if len(self._running) >= self._allowed:
                return True
            # A clock that was set back ends the pause too.
            return self._paused_at is not None and timedelta() <= now - self._paused_at < self._pause

    def crowded(self, now: datetime) -> list[str]:
        """Return the destinations for which none may begin now."""
        with self._lock:
            for each in self._running:
                if now - each.began >= SLOW:
                    self._slow[each.destination] = now
            for name in [name for name, at in self._slow.items() if now - at >= REMEMBERED]:
                del self._slow[name]
            held = Counter(each.destination for each in self._running)
            crowded = {name for name, number in held.items() if number >= self._of_one}
            if sum(number for name, number in held.items() if name in self._slow) >= self._of_slow:
                crowded |= self._slow.keys()
            return sorted(crowded)

    def _note_refusal(self, now: datetime) -> None:
        self._allowed //= 2
        if self._allowed:
            return
        self._allowed, self._outages = 1, self._outages + 1
        self._paused_at = now
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
