"""The web server: processes of granian that share one address, from the first signal to the last."""

import signal
import socket
from functools import partial
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from identity.errors import SettingsError
from identity.request_bodies import with_whole_bodies
from identity.setting_types import host_and_port

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_ENDING = {signal.SIGTERM, signal.SIGINT}
# Seconds that requests under way get after the first signal, and between two signals to a process.
_SECONDS_TO_END, _PAUSE = 30, 1.0


def serve(target: str, *, setting: str, bind: str, processes: int, threads: int) -> None:
    """Serve the WSGI application `module:name` until a signal; raises `SettingsError` if it cannot listen.

    The first SIGTERM or SIGINT lets each process finish what it is answering, the second ends them at once.
    Ends with an error if a process ends by itself. `setting` names the variable that `bind` comes from.
    """
    # Python's own handler raises KeyboardInterrupt, which is lost where no exception can be raised.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with reserve_address(setting, bind) as reserved:
        host, port = reserved.getsockname()[:2]
        server = _WebServer(
            target,
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=processes,
            workers_kill_timeout=_SECONDS_TO_END,
            blocking_threads=threads,
            websockets=False,
            log_level=LogLevels.error,
        )
        server.serve(target_loader=partial(_load_application, target), wrap_loader=False)


def reserve_address(setting: str, bind: str) -> socket.socket:
    """Return a socket that has the address and does not listen; raises `SettingsError` if it is in use.

    Granian's processes share an address by SO_REUSEPORT, and so would a second server of the same user. This
    socket is bound without it, so that any other use of the port is seen, and allows it afterwards: no other
    server can reserve the address until this one ends.
    """
    host, port = host_and_port(bind)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        reserved = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(setting, bind, error) from None
    try:
        # A port whose last connections are still closing is free.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(address)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as error:
        reserved.close()
        raise _cannot_listen(setting, bind, error) from None
    return reserved


def _cannot_listen(setting: str, bind: str, error: OSError) -> SettingsError:
    return SettingsError(
        f"{setting}: cannot listen on {bind}: {error.strerror} (stop what uses it, or set another)"
    )


class _WebServer(MPServer):
    """Granian loses a signal that comes while a process starts, and waits for its processes without end."""

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - granian's signature
        """End; the second time, at once."""
        if self.interrupt_signal:
            for worker in self.wrks:
                worker.kill()  # type: ignore[no-untyped-call] # granian's methods have no types
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call] # granian's methods have no types

    def shutdown(self, exit_code: int = 0) -> None:
        """End the processes. A signal that reached them before us is no error of theirs."""
        try:
            super().shutdown(exit_code)  # type: ignore[no-untyped-call] # granian's methods have no types
        except SystemExit:
            if not self.interrupt_signal:
                raise

    def _stop_workers(self) -> None:
        # A process that gets the signal just before it serves notes it and serves: it gets it again.
        end = monotonic() + _SECONDS_TO_END
        while (left := self._living()) and monotonic() < end:
            for worker in left:
                worker.terminate()
            left[0].join(_PAUSE)
        for worker in left:
            worker.kill()
        super()._stop_workers()  # type: ignore[no-untyped-call] # granian's methods have no types

    def _living(self) -> list[Any]:
        return [worker for worker in self.wrks if worker.is_alive()]  # type: ignore[no-untyped-call] # as above

    def _spawn_workers(self, *args: Any) -> None:  # noqa: ANN401 - granian's signature
        # A new process has the handlers of this one. Signals wait until it has its own (`_load_application`).
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            super()._spawn_workers(*args)  # type: ignore[no-untyped-call] # granian's methods have no types
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def _load_application(target: str) -> "WSGIApplication":
    """Import the application in a new process, which a signal ends at any moment of it."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    module, _, name = target.partition(":")
    application: WSGIApplication = getattr(import_module(module), name)
    return with_whole_bodies(application)
