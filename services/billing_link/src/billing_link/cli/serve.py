"""`billing_link serve`."""

import click

from billing_link import server
from billing_link.config import ServerSettings, load_settings


@click.command()
def serve() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    server.serve(load_settings(ServerSettings))
