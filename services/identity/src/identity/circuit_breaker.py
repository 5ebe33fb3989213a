"""Limits on the calls to another service, so that one that hangs holds few threads of this one.

At most a few calls run at once. After several in a row without an answer the circuit is open: calls are
refused at once, except one at a time, every few seconds, which finds out whether the other answers again.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Calls in a row without an answer, after which the circuit is open.
FAILURES = 5
# Seconds after the end of one call that is let through while it is open, until the next.
RETRY_SECONDS = 2.0
# Seconds that a call waits for its turn; and less if in so many seconds no other call began or ended.
LONGEST_WAIT_SECONDS = 0.5
QUIET_SECONDS = 0.25


class NotAdmittedError(Exception):
    """The call may not begin: the circuit is open, or too many calls run. The message is for the log."""


class Call:
    """One admitted call. It counts as a failure unless `answered` is set, with whatever answer."""

    answered = False


class CircuitBreaker:
    """Admits calls to one other service, at most `at_once` at a time."""

    def __init__(self, at_once: int, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """Begin closed. `seconds` is a monotonic clock."""
        self._at_once, self._seconds = at_once, seconds
        self._changed = threading.Condition()
        self._running = 0
        self._changed_at = seconds()
        self._failures, self._retry_at = 0, seconds()

    @contextmanager
    def call(self) -> Iterator[Call]:
        """Admit one call, which ends with the context; raises `NotAdmittedError`."""
        self._begin()
        call = Call()
        try:
            yield call
        finally:
            self._end(answered=call.answered)

    def expire(self) -> None:
        """Forget every failure, as before the first call."""
        with self._changed:
            self._failures = 0

    def _begin(self) -> None:
        with self._changed:
            self._refuse_if_open()
            self._wait_for_a_turn()
            self._refuse_if_open()
            self._count(+1)

    def _end(self, *, answered: bool) -> None:
        with self._changed:
            self._failures = 0 if answered else self._failures + 1
            self._retry_at = self._seconds() + RETRY_SECONDS
            self._count(-1)
            self._changed.notify()

    def _count(self, change: int) -> None:
        self._running += change
        self._changed_at = self._seconds()

    def _refuse_if_open(self) -> None:
        if self._failures >= FAILURES and (self._running or self._seconds() < self._retry_at):
            raise NotAdmittedError("not asked: it gave no answer of late")

    def _wait_for_a_turn(self) -> None:
        end = self._seconds() + LONGEST_WAIT_SECONDS
        while self._running >= self._at_once:
            left = min(end, self._changed_at + QUIET_SECONDS) - self._seconds()
            if left <= 0 or not self._changed.wait(left):
                raise NotAdmittedError("not asked: too many calls wait for it")
