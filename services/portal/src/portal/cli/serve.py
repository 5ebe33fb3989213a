"""`portal serve`."""

import os

import click

from portal import web_server
from portal.config import Settings, load_settings
from portal.setting_types import unknown_variables, variables_of

# A request mostly waits for identity and billing_link.
THREADS = 24


@click.command()
def serve() -> None:
    """Serve the portal on PORTAL_BIND until stopped (SIGTERM, Ctrl-C)."""
    settings = load_settings(Settings)
    for line in unknown_variables("PORTAL_", variables_of(Settings), os.environ):
        click.echo(line, err=True)
    click.echo(f"portal: {settings.base_url} (listening on {settings.bind})")
    web_server.serve(
        "portal.wsgi:app",
        setting="PORTAL_BIND",
        bind=settings.bind,
        processes=settings.web_processes,
        threads=THREADS,
    )
