"""Documents that identity publishes: kept, and fetched by threads of their own, so that few calls wait."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import Generic, TypeVar

from portal.outbound_http import OutboundHttpError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long a document is used, and how often identity is asked for it. In seconds."""

    # The older copy is used for so long after its lifetime, while identity does not answer.
    stale: float
    # Between two requests, with a copy and without one.
    pause: float
    pause_without_copy: float
    # A call without a fresh copy waits for a fetch until this long after the fetch began; so many may wait.
    wait: float
    waiting: int


@dataclass(frozen=True)
class Published(Generic[T]):
    """A document as fetched, and the seconds for which it is fresh."""

    document: T
    lifetime: float


@dataclass(frozen=True)
class _Copy(Generic[T]):
    document: T
    # In the seconds of the clock that the document is given.
    fresh_until: float


class _Fetch:
    """One fetch that is under way."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.ended = Event()


class IdentityDocument(Generic[T]):
    """One document. Many threads may read it; one fetch of it runs at a time, in a thread of its own.

    `fetch` returns the document within a bounded time, or raises `OutboundHttpError`. `seconds` is a clock.
    """

    def __init__(
        self, fetch: Callable[[], Published[T]], retention: Retention, seconds: Callable[[], float]
    ) -> None:
        self._fetch, self._retention, self._seconds = fetch, retention, seconds
        self._lock, self._waiting = Lock(), BoundedSemaphore(retention.waiting)
        self._copy: _Copy[T] | None = None
        self._asked_at: float | None = None
        self._running: _Fetch | None = None
        self._fault = "not fetched yet"

    def get(self, is_outdated: Callable[[T], bool] = lambda _document: False) -> T:
        """Return the document.

        A copy that is no longer fresh serves if no newer one comes in time. `is_outdated` tells that a copy
        does not serve. Raises `OutboundHttpError` while there is none that serves.
        """
        copy = self._usable()
        if copy is None or is_outdated(copy.document) or self._seconds() > copy.fresh_until:
            running = self.start_fetch()
            is_late = running is not None and not self._ends_in_time(running)
            copy = self._usable()
            if is_late and (copy is None or is_outdated(copy.document)):
                raise OutboundHttpError("a fetch is under way")
        if copy is None:
            raise OutboundHttpError(self._fault)
        return copy.document

    def start_fetch(self) -> _Fetch | None:
        """Start a fetch if none runs; return the one that runs, None if the last one is too short ago."""
        with self._lock:
            if self._running is not None:
                return self._running
            pause = self._retention.pause if self._copy else self._retention.pause_without_copy
            if self._asked_at is not None and self._seconds() - self._asked_at < pause:
                return None
            self._asked_at = self._seconds()
            self._running = _Fetch()
            Thread(target=self._run, args=(self._running,), name="document fetch", daemon=True).start()
            return self._running

    def expire(self) -> None:
        """Forget the document, as before the first call."""
        with self._lock:
            self._copy = self._asked_at = self._running = None

    def _usable(self) -> _Copy[T] | None:
        copy = self._copy
        is_usable = copy is not None and self._seconds() <= copy.fresh_until + self._retention.stale
        return copy if is_usable else None

    def _ends_in_time(self, running: _Fetch) -> bool:
        """Wait for the fetch, unless it is late already or many calls wait."""
        seconds = running.began + self._retention.wait - time.monotonic()
        if seconds <= 0 or not self._waiting.acquire(blocking=False):
            return running.ended.is_set()
        try:
            return running.ended.wait(seconds)
        finally:
            self._waiting.release()

    def _run(self, running: _Fetch) -> None:
        copy, fault = None, "the answer cannot be read"
        try:
            fetched = self._fetch()
            copy = _Copy(fetched.document, self._seconds() + fetched.lifetime)
        except OutboundHttpError as error:
            fault = str(error)
        finally:
            with self._lock:
                # Unless the document was forgotten meanwhile.
                if self._running is running:
                    self._running = None
                    self._copy, self._fault = copy or self._copy, fault
            running.ended.set()
