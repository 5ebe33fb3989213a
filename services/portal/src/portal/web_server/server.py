"""The web server of a service, from its address to its last request."""

import os
import resource
import socket
import sys
from time import monotonic, sleep
from typing import NoReturn

from portal.errors import SettingsError
from portal.setting_types import host_and_port
from portal.web_server import main_process, memory, web_process

# Seconds in which processes of a server that was killed notice that they are alone.
_SECONDS_TO_BE_FREE, _PAUSE = 3.0, 0.1
# Milliseconds after which a connection is closed whose other side takes nothing of a response.
_UNREAD_MS = 30_000


def serve(target: str, *, setting: str, bind: str, processes: int, threads: int) -> NoReturn:
    """Serve the WSGI application `module:name` until a signal; raises `SettingsError` if it cannot listen.

    This process becomes the `main_process`, without what it has imported so far. `setting` names the variable
    that `bind` comes from.
    """
    _allow_many_files()
    listening = listen(setting, bind)
    listening.set_inheritable(True)
    sys.stdout.flush()
    sys.stderr.flush()
    os.environ.setdefault(*memory.ONE_HEAP)
    # -P: nothing is imported from the directory in which the command runs.
    command = [sys.executable, "-P", "-m", main_process.__name__]
    os.execv(sys.executable, [*command, target, str(listening.fileno()), str(processes), str(threads)])  # noqa: S606 - no shell is wanted


def listen(setting: str, bind: str) -> socket.socket:
    """Return a socket that listens; raises `SettingsError` if its address is in use.

    All processes share it: what is not accepted when one of them dies waits for another.
    """
    end = monotonic() + _SECONDS_TO_BE_FREE
    while True:
        try:
            return _listen(bind)
        except OSError as error:
            if isinstance(error, socket.gaierror) or monotonic() > end:
                advice = "stop what uses it, or set another"
                raise SettingsError(
                    f"{setting}: cannot listen on {bind}: {error.strerror} ({advice})"
                ) from None
        sleep(_PAUSE)


def _listen(bind: str) -> socket.socket:
    host, port = host_and_port(bind)
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        # A port whose last connections are still closing is free.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # What connections inherit.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
        listening.bind(address)
        listening.listen(web_process.BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _allow_many_files() -> None:
    """Let each process have as many connections as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = web_process.CONNECTIONS + web_process.OTHER_FILES
    if soft < enough:
        allowed = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
