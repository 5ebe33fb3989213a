"""`portal serve`."""

import os
from contextlib import suppress

import click

from portal.clock import SystemClock
from portal.config import Settings, load_settings
from portal.database_state import clock_fault, measure_lead
from portal.errors import UnavailableError
from portal.setting_types import unknown_variables, variables_of
from portal.storage import Storage
from portal.web_server import server

# A request mostly waits for identity and billing_link.
THREADS = 24


@click.command()
def serve() -> None:
    """Serve the portal on PORTAL_BIND until stopped (SIGTERM, Ctrl-C)."""
    settings = load_settings(Settings)
    for line in unknown_variables("PORTAL_", variables_of(Settings), os.environ):
        click.echo(line, err=True)
    _refuse_wrong_clock(settings)
    click.echo(f"portal: {settings.base_url} (listening on {settings.bind})")
    server.serve(
        "portal.wsgi:app",
        setting="PORTAL_BIND",
        bind=settings.bind,
        processes=settings.web_processes,
        threads=THREADS,
    )


def _refuse_wrong_clock(settings: Settings) -> None:
    """End if this machine's clock and the database's differ; one that does not answer may do so later."""
    with Storage(settings.database_url.get_secret_value()) as storage, suppress(UnavailableError):
        if fault := clock_fault(measure_lead(storage.server_state, SystemClock())[1]):
            raise click.ClickException(fault)
