"""`portal serve`."""

import socket

import click
from granian import Granian
from granian.constants import Interfaces

from portal.config import Settings, load_settings
from portal.errors import SettingsError

# A request mostly waits for identity and billing_link.
THREADS = 16


@click.command()
def serve() -> None:
    """Serve the portal."""
    settings = load_settings(Settings)
    host, port = listening_address(settings)
    click.echo(f"portal: {settings.base_url} (listening on {host}:{port})")
    Granian(
        "portal.wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=settings.web_processes,
        blocking_threads=THREADS,
        websockets=False,
    ).serve()


def listening_address(settings: Settings) -> tuple[str, int]:
    """Return host and port of `PORTAL_BIND`; raises `SettingsError` if that is wrong or in use."""
    host, _, port = settings.bind.rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsError(
            f"PORTAL_BIND: {settings.bind!r} is not host:port (expected: such as 127.0.0.1:8080)"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = (host.strip("[]"), int(port))
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except (OSError, OverflowError) as error:
            raise SettingsError(
                f"PORTAL_BIND: cannot listen on {settings.bind}: {error} (stop what uses it, or set another)"
            ) from None
    return address
