"""One process of the web server: granian, and the application behind it."""

import resource
import signal
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from granian import _granian
from granian.http import HTTP1Settings

from portal.web_server import memory
from portal.web_server.gateway import Gateway
from portal.web_server.request_bodies import BodyReader
from portal.web_server.request_threads import WAITING_PER_THREAD, RequestThreads
from portal.web_server.served import Served

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Threads that bring requests while all others work on theirs.
_BRINGING = 2
# Connections of a process, of which a slow sender or reader holds one and nothing else. Fewer where the
# system allows fewer files; so many files are left for everything else.
CONNECTIONS, OTHER_FILES = 4096, 256
# Milliseconds that the headers of a request may take, and that a connection may rest between two.
_HEADERS_MS = 30_000
BACKLOG = 1024
# Seconds after which free memory goes back to the system.
_FREE_SECONDS = 10.0


# Its stub describes other signatures than it has.
_NATIVE: Any = _granian


class _Loop:
    """In place of asyncio's: granian calls back in the thread in which the cause is known."""

    def call_soon(self, callback: Callable[..., object], *arguments: object, context: object = None) -> None:
        del context
        callback(*arguments)

    call_soon_threadsafe = call_soon


def serve(
    target: "Served | WSGIApplication", listening: socket.socket, threads: int, started: Callable[[], None]
) -> None:
    """Serve on a socket until SIGTERM or SIGINT, and answer what is under way then.

    Calls `started` when both signals have this meaning and connections are accepted.
    """
    served = target if isinstance(target, Served) else Served(target, 0, lambda _method, _path: True)
    most_waiting = threads * WAITING_PER_THREAD
    together = RequestThreads(served.at_once, most_waiting)
    apart = RequestThreads(threads, most_waiting)
    gateway = Gateway(
        served.application,
        lambda scope: apart if served.is_apart(scope.method, scope.path) else together,
        BodyReader(),
    )
    ended = threading.Event()
    ending = _end_by_signal(ended)
    worker = _NATIVE.RSGIWorker(
        1,
        (None, _NATIVE.SocketHolder(listening.detach(), False, BACKLOG)),  # noqa: FBT003 - granian's signature
        None,
        py_threads=threads + served.at_once + _BRINGING,
        backpressure=_connections(),
        http1_opts=HTTP1Settings(header_read_timeout=_HEADERS_MS),
    )
    scheduler = _NATIVE.CallbackScheduler(_Loop(), gateway.receive, None, None, None)
    scheduler._schedule_fn = gateway.receive  # noqa: SLF001 - as granian's own schedulers set it
    worker.serve_str(scheduler, _Loop(), ending)
    started()
    while not ended.wait(_FREE_SECONDS):
        memory.return_free_pages()


def _end_by_signal(ended: threading.Event) -> Any:  # noqa: ANN401 - granian's type has no types
    ending = _NATIVE.WorkerSignal()
    ending.add_cb(ended.set)

    def end(*_: object) -> None:
        # Once: granian takes one, and waits for room to note a second.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return ending


def _connections() -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(CONNECTIONS, files - OTHER_FILES))
