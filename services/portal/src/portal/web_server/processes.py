"""Processes that do one work side by side: one that dies is started again, and all end with the first."""

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import NoReturn

from portal.errors import SettingsError

# Does the work until a signal ends it, and calls its argument once it has begun.
Work = Callable[[Callable[[], None]], None]

_ENDING = (signal.SIGTERM, signal.SIGINT)
_NOTED = (*_ENDING, signal.SIGCHLD)
# Seconds that the work under way gets after the first signal.
_SECONDS_TO_END = 30.0
# A process that lived for less than `_STEADY` seconds is started again after 0, 1, 2, 4 … `_LONGEST_PAUSE`.
_STEADY, _LONGEST_PAUSE = 60.0, 30.0
# While no process works, so many starts in a row that fail end everything.
_FAILED_STARTS = 5
_PID_BYTES = 4


@dataclass
class _Place:
    """A process, or the time at which the next one starts."""

    pid: int = 0
    began: float = 0.0
    next_start: float = 0.0
    short_lives: int = 0
    works: bool = False


class Processes:
    """`count` processes that do a work. For the main thread of a process that has no other."""

    def __init__(self, work: Work, count: int, when_ending: Callable[[], None]) -> None:
        """`when_ending` is called once no further process starts."""
        self._work, self._when_ending = work, when_ending
        self._places = [_Place() for _ in range(count)]
        self._failed_starts = 0
        self._has_worked = False
        # A process writes its number when it works, and learns from the second pipe that we are gone.
        self._working, self._says_it_works = os.pipe()
        self._alive, self._keeps_alive = os.pipe()
        self._signals, self._notes_signal = os.pipe()
        for descriptor in (self._working, self._signals, self._notes_signal):
            os.set_blocking(descriptor, False)

    def run(self) -> bool:
        """Run them until a signal; tells whether a signal ended them. A second signal ends them at once.

        They end by themselves if none can start: at the beginning at the first failure, later after a few.
        """
        with self._noting_signals():
            while not self._is_hopeless():
                self._start_those_due()
                if self._signals_within(self._seconds_to_next_start()) & set(_ENDING):
                    break
                self._note_the_dead()
            ended = not self._is_hopeless()
            self._end_all()
        return ended

    def _is_hopeless(self) -> bool:
        if any(place.pid and place.works for place in self._places):
            return False
        return self._failed_starts >= (_FAILED_STARTS if self._has_worked else 1)

    def _start_those_due(self) -> None:
        for place in self._places:
            if not place.pid and place.next_start <= monotonic():
                place.began, place.works = monotonic(), False
                place.pid = self._start()

    def _start(self) -> int:
        # The new process has our handlers. Signals wait until it has its own.
        signal.pthread_sigmask(signal.SIG_BLOCK, _NOTED)
        try:
            if pid := os.fork():
                return pid
            self._work_and_exit()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _NOTED)

    def _work_and_exit(self) -> NoReturn:
        """Do the work, in the new process."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for each in _NOTED:
                signal.signal(each, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _NOTED)
            os.close(self._keeps_alive)
            threading.Thread(target=self._end_when_alone, daemon=True).start()
            self._work(self._say_that_it_works)
            status = 0
        except SettingsError as error:
            sys.stderr.write(f"{error}\n")
        except BaseException:  # noqa: BLE001 - whatever it was, the process ends with it
            _log_error("process.failed", exc_info=True)
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _say_that_it_works(self) -> None:
        os.write(self._says_it_works, os.getpid().to_bytes(_PID_BYTES))

    def _end_when_alone(self) -> None:
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        sleep(_SECONDS_TO_END)
        os._exit(1)

    def _note_the_dead(self) -> None:
        ended = [(place, _status_of(place.pid)) for place in self._places if place.pid]
        # In this order: what a process wrote before it died is there.
        written = _read(self._working)
        working = {int.from_bytes(written[at : at + _PID_BYTES]) for at in range(0, len(written), _PID_BYTES)}
        for place, status in ended:
            if place.pid in working:
                place.works = self._has_worked = True
                self._failed_starts = 0
            if status is not None:
                self._note_death(place, status)

    def _note_death(self, place: _Place, status: int) -> None:
        if monotonic() - place.began >= _STEADY:
            place.short_lives = 0
        pause = min(2.0 ** (place.short_lives - 1), _LONGEST_PAUSE) if place.short_lives else 0.0
        place.short_lives += 1
        place.next_start = monotonic() + pause
        self._failed_starts += not place.works
        # A negative status is the number of the signal.
        _log_error("process.ended", pid=place.pid, status=status, worked=place.works, pause=pause)
        place.pid = 0

    def _seconds_to_next_start(self) -> float | None:
        waiting = [place.next_start for place in self._places if not place.pid]
        return max(0.0, min(waiting) - monotonic()) if waiting else None

    def _end_all(self) -> None:
        self._when_ending()
        self._signal_all(signal.SIGTERM)
        end = monotonic() + _SECONDS_TO_END
        while self._living() and (left := end - monotonic()) > 0:
            if self._signals_within(left) & set(_ENDING):
                break
        self._signal_all(signal.SIGKILL)
        for place in self._living():
            os.waitpid(place.pid, 0)

    def _living(self) -> list[_Place]:
        for place in self._places:
            if place.pid and _status_of(place.pid) is not None:
                place.pid = 0
        return [place for place in self._places if place.pid]

    def _signal_all(self, number: signal.Signals) -> None:
        for place in self._living():
            os.kill(place.pid, number)

    def _signals_within(self, seconds: float | None) -> set[int]:
        select.select([self._signals, self._working], [], [], seconds)
        return set(_read(self._signals))

    @contextmanager
    def _noting_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, _do_nothing) for number in _NOTED}
        wakeup = signal.set_wakeup_fd(self._notes_signal)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)


def _log_error(event: str, **details: object) -> None:
    """Write an event. The log is 18 MiB, of which a main process needs none while its processes live."""
    import structlog  # noqa: PLC0415 - 18 MiB

    from portal.logs import write_json_logs  # noqa: PLC0415 - as above

    write_json_logs()
    structlog.get_logger().error(event, **details)


def _do_nothing(*_: object) -> None:
    """Handle a signal, so that Python writes its number down."""


def _status_of(pid: int) -> int | None:
    """Return how a process ended; None if it lives."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except BlockingIOError:
        return b""
