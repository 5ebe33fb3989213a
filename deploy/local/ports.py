"""Checks that the ports are free, before any process starts."""

import errno
import socket

from deploy.local.errors import LocalError
from deploy.local.settings import LISTENERS, Listener, Settings


def check(settings: Settings) -> None:
    """Raise `LocalError` for the first port that is taken or set twice."""
    owners: dict[tuple[str, int], Listener] = {}
    for listener in LISTENERS:
        host, port = settings.address(listener)
        if (host, port) in owners:
            raise LocalError(
                f"{listener.bind} and {owners[host, port].bind} are both {host}:{port}: change one"
            )
        owners[host, port] = listener
        _check_can_listen(listener, host, port)


def _check_can_listen(listener: Listener, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Like a server: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
            probe.listen()
        except PermissionError:
            raise LocalError(
                f"port {port} ({listener.process}) needs root: set {listener.bind} to a higher one"
            ) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise LocalError(f"{listener.bind}={host}:{port}: this machine has no such address") from None
            raise LocalError(
                f"port {port} ({listener.process}) is taken: stop what uses it, or set another, such as "
                f"{listener.bind}={host}:{port + 1}"
            ) from None
