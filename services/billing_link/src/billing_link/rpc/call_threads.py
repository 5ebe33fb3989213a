"""The threads of calls: how many calls wait for one, and threads of their own for what must not wait."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class CallThreads(ThreadPoolExecutor):
    """Threads that know how many calls wait for one of them."""

    def __init__(self, threads: int, *, most_waiting: int) -> None:
        super().__init__(threads, thread_name_prefix="call")
        self._most_waiting, self._waiting, self._lock = most_waiting, 0, Lock()

    @property
    def is_full(self) -> bool:
        """Whether as many calls wait as may."""
        return self._waiting >= self._most_waiting

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Let a call wait for a thread."""

        def begin() -> T:
            self._count(-1)
            return fn(*args, **kwargs)

        self._count(+1)
        return super().submit(begin)

    def _count(self, change: int) -> None:
        with self._lock:
            self._waiting += change


def on_own_thread(behavior: Callable[P, T], threads: ThreadPoolExecutor) -> Callable[P, T]:
    """Return the behavior of a method, which gRPC runs on these threads instead of those of calls."""

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return behavior(*args, **kwargs)

    # gRPC's own way, which its health service takes too (grpc/_server.py).
    run.experimental_thread_pool = threads  # type: ignore[attr-defined] # see above
    return run
