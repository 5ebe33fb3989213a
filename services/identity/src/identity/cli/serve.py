"""`identity serve`."""

import os
import sys

import click

from identity.cli.operator import operator, refuse
from identity.cli.providers import read_providers


@click.command()
@click.option("--processes", type=click.IntRange(1), help="Instead of IDENTITY_WEB_PROCESSES.")
def serve(processes: int | None) -> None:
    """Serve residents and clients on IDENTITY_BIND until stopped (SIGTERM, Ctrl-C)."""
    with operator() as opened:
        settings = opened.settings
        opened.key_rotation.ensure_active_keys()
    read_providers(settings)
    host, separator, port = settings.bind.rpartition(":")
    if not separator or not port.isdigit():
        refuse(f"IDENTITY_BIND: {settings.bind!r} is not host:port, such as 127.0.0.1:8000")
    os.execv(  # noqa: S606 - our own interpreter, and no shell
        sys.executable,
        [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "identity.wsgi:app"),
            *("--host", host.strip("[]"), "--port", port),
            *("--workers", str(processes or settings.web_processes)),
            # A thread for each database connection of a process.
            *("--blocking-threads", "8", "--no-ws", "--log-level", "error"),
        ],
    )
