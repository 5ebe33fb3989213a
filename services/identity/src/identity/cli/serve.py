"""`identity serve`."""

import os
import sys

import click

from identity.cli.operator import MISUSED, operator, refuse_wrong_clock, say_unknown_variables
from identity.clock import SystemClock
from identity.config import Settings, load_settings
from identity.errors import SettingsError
from identity.identity_providers.load import load_providers
from identity.web.admission import THREADS
from identity.web_server import server


@click.command()
@click.option("--processes", type=click.IntRange(1), help="Instead of IDENTITY_WEB_PROCESSES.")
def serve(processes: int | None) -> None:
    """Serve residents and clients on IDENTITY_BIND until stopped (SIGTERM, Ctrl-C)."""
    if faults := _faults():
        _misused(faults)
    say_unknown_variables()
    with operator() as opened:
        refuse_wrong_clock(opened)
        settings = opened.settings
        opened.key_rotation.ensure_active_keys()
    try:
        server.serve(
            "identity.wsgi:served",
            setting="IDENTITY_BIND",
            bind=settings.bind,
            processes=processes or settings.web_processes,
            threads=THREADS,
        )
    except SettingsError as error:
        _misused([str(error)])


def _faults() -> list[str]:
    """Return what is wrong with the settings, those of providers too, a line for each variable."""
    faults = []
    for load in (lambda: load_settings(Settings), lambda: load_providers(os.environ, SystemClock())):
        try:
            load()
        except SettingsError as error:
            faults += str(error).splitlines()
    return faults


def _misused(lines: list[str]) -> None:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(MISUSED)
