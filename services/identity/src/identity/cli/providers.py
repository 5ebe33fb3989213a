"""`identity providers`."""

import os
import sys
from collections.abc import Mapping

import click

from identity.cli.operator import MISUSED, REFUSED, read_settings
from identity.cli.printing import as_json, show_json, show_table
from identity.clock import SystemClock
from identity.config import Settings
from identity.egress import Egress
from identity.errors import SettingsError
from identity.identity_providers.load import load_providers
from identity.identity_providers.provider import Provider, ProviderRefusal
from identity.journeys.federation.start import redirect_uri


@click.group()
def providers() -> None:
    """Check the providers for sign-in: Google, Apple, Microsoft, Facebook and others."""


@providers.command("list")
@as_json
def list_all(*, is_json: bool) -> None:
    """List the providers whose credentials are set, and the callback to register with each."""
    settings = read_settings()
    shown = [
        {"key": key, "name": provider.brand.name, "callback": redirect_uri(settings.issuer, key)}
        for key, provider in read_providers(settings).items()
    ]
    if is_json:
        show_json(shown)
    else:
        show_table(["KEY", "NAME", "CALLBACK"], [list(provider.values()) for provider in shown])


@providers.command()
@click.argument("key", required=False)
def check(key: str | None) -> None:
    """Check that each provider, or only KEY, responds and accepts the credentials; starts no sign-in."""
    configured = read_providers(read_settings())
    chosen = {k: provider for k, provider in configured.items() if key in (None, k)}
    if not chosen:
        click.echo(
            "identity: no such provider is configured" if key else "No provider is configured.", err=True
        )
        sys.exit(REFUSED if key else 0)
    faults = {k: fault for k, provider in chosen.items() if (fault := _fault(provider))}
    for name in chosen:
        click.echo(f"{name}: {faults.get(name, 'ok')}")
    if faults:
        sys.exit(REFUSED)


def read_providers(settings: Settings) -> Mapping[str, Provider]:
    """Return the providers of the environment; prints what is wrong with their settings and exits with 2."""
    try:
        return load_providers(os.environ, SystemClock(), egress=Egress.of(settings))
    except SettingsError as error:
        for line in str(error).splitlines():
            click.echo(line, err=True)
        sys.exit(MISUSED)


def _fault(provider: Provider) -> str | None:
    try:
        provider.check()
    except ProviderRefusal as refusal:
        return refusal.cause
    return None
