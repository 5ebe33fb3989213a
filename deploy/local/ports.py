"""Whether the ports are free, asked before anything starts."""

import errno
import socket

from deploy.local.errors import LocalError
from deploy.local.settings import PLACES, Place, Settings


def check(settings: Settings) -> None:
    """Raise `LocalError` naming the first port that is taken or wanted twice."""
    owners: dict[tuple[str, int], Place] = {}
    for place in PLACES:
        host, port = settings.address(place)
        if (host, port) in owners:
            raise LocalError(f"{place.bind} and {owners[host, port].bind} are both {host}:{port}: change one")
        owners[host, port] = place
        _listen_for_a_moment(place, host, port)


def _listen_for_a_moment(place: Place, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        # As servers do: a port whose last connections are still closing is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host.strip("[]"), port))
            listener.listen()
        except PermissionError:
            raise LocalError(
                f"port {port} ({place.process}) needs root: set {place.bind} to a higher one"
            ) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise LocalError(f"{place.bind}={host}:{port}: this machine has no such address") from None
            raise LocalError(
                f"port {port} ({place.process}) is taken: stop what uses it, or set another, such as "
                f"{place.bind}={host}:{port + 1}"
            ) from None
