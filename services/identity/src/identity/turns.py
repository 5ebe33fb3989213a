"""Turns at dear work: few at a time, some wait, and the waiting places are shared among those who ask."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock


@dataclass(eq=False)
class _Waiter:
    """One call that waits in its thread."""

    ended: Event = field(default_factory=Event)
    is_admitted: bool = False


@dataclass(frozen=True)
class _Asker:
    name: str
    is_known: bool


class Turns:
    """At most `at_once` turns run at a time, and `waiting` more calls wait for theirs, `seconds` at most.

    Askers take turns in rotation, each in the order of its calls, and every other turn is of an asker that is
    known, if one waits. Where all places are taken, a call gets one from the asker that has most, so that
    none keeps the others out; else it is refused. Strangers count as if they had one call more than they
    have: one of them makes room for an asker that is known.
    """

    def __init__(self, at_once: int, *, waiting: int, seconds: float) -> None:
        self._at_once, self._places, self._seconds = at_once, waiting, seconds
        self._lock = Lock()
        self._running = self._count = 0
        # The calls that wait, by asker; the next turn is of the first. Strangers and those known apart.
        self._waiting: dict[bool, OrderedDict[str, deque[_Waiter]]] = {
            False: OrderedDict(),
            True: OrderedDict(),
        }
        self._next_is_known = True

    @contextmanager
    def turn(self, asker: str, *, is_known: bool = False) -> Iterator[bool]:
        """Wait for a turn, which ends with the block; False in place of one: the call is refused."""
        is_admitted = self._take(_Asker(asker, is_known))
        try:
            yield is_admitted
        finally:
            if is_admitted:
                self._pass_on()

    def _take(self, asker: _Asker) -> bool:
        with self._lock:
            if self._running < self._at_once:
                self._running += 1
                return True
            if self._count >= self._places and not self._make_room(asker):
                return False
            waiter = _Waiter()
            self._waiting[asker.is_known].setdefault(asker.name, deque()).append(waiter)
            self._count += 1
        if not waiter.ended.wait(self._seconds):
            self._give_up(asker, waiter)
        return waiter.is_admitted

    def _make_room(self, asker: _Asker) -> bool:
        """Refuse the newest call of the asker that has most, if that is more than `asker` would have."""
        askers = [_Asker(name, is_known) for is_known, names in self._waiting.items() for name in names]
        most = max(askers, key=self._weight, default=asker)
        if self._weight(most) <= self._weight(asker) + 1:
            return False
        self._remove(most, self._waiting[most.is_known][most.name][-1])
        return True

    def _weight(self, asker: _Asker) -> int:
        return len(self._waiting[asker.is_known].get(asker.name, ())) + (not asker.is_known)

    def _give_up(self, asker: _Asker, waiter: _Waiter) -> None:
        with self._lock:
            # Its turn, or another's, may have come at the same moment.
            if not waiter.ended.is_set():
                self._remove(asker, waiter)

    def _pass_on(self) -> None:
        with self._lock:
            is_known = self._next_is_known if self._waiting[self._next_is_known] else not self._next_is_known
            waiting = self._waiting[is_known]
            if not waiting:
                self._running -= 1
                return
            name, queue = next(iter(waiting.items()))
            self._next_is_known = not is_known
            queue[0].is_admitted = True
            self._remove(_Asker(name, is_known), queue[0])
            if queue:
                waiting.move_to_end(name)

    def _remove(self, asker: _Asker, waiter: _Waiter) -> None:
        waiting = self._waiting[asker.is_known]
        waiting[asker.name].remove(waiter)
        if not waiting[asker.name]:
            del waiting[asker.name]
        self._count -= 1
        waiter.ended.set()
