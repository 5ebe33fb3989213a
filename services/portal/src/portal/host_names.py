"""The IP addresses behind a host name, found within a time limit."""

import socket
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread

# Returns the IP addresses behind a host name, the best first; raises `OSError`.
Resolver = Callable[[str, int], Sequence[str]]

# Look-ups that run at the same time: one that hangs cannot be stopped.
_LOOK_UPS = BoundedSemaphore(16)


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the host's IP addresses, as the system's resolver knows and sorts them; raises `OSError`."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def look_up(resolve: Resolver, host: str, port: int, seconds: float) -> Sequence[str]:
    """Return the addresses that `resolve` finds; raises its errors, and `TimeoutError` after these seconds.

    The system's resolver may take a minute, and cannot be interrupted.
    """
    if not _LOOK_UPS.acquire(blocking=False):
        raise TimeoutError
    found: SimpleQueue[Sequence[str] | OSError | ValueError] = SimpleQueue()

    def run() -> None:
        try:
            found.put(resolve(host, port))
        except (OSError, ValueError) as error:
            found.put(error)
        finally:
            _LOOK_UPS.release()

    Thread(target=run, name="name look-up", daemon=True).start()
    try:
        addresses = found.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if isinstance(addresses, Exception):
        raise addresses
    return addresses
