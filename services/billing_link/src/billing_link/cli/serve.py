"""`billing_link serve`."""

import os

import click

from billing_link import server
from billing_link.config import ServerSettings, load_settings
from billing_link.setting_types import unknown_variables, variables_of


@click.command()
def serve() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    settings = load_settings(ServerSettings)
    for line in unknown_variables("BILLING_LINK_", variables_of(ServerSettings), os.environ):
        click.echo(line, err=True)
    server.serve(settings)
