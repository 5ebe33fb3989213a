"""`billing_link health`."""

from pathlib import Path

import click

from billing_link.config import BindSettings, load_settings
from billing_link.errors import OperatorError
from billing_link.rpc.health import check_health


@click.command()
def health() -> None:
    """Print the health of the server at BILLING_LINK_BIND; exit code 0 only if it is SERVING."""
    settings = load_settings(BindSettings)
    certificate = Path(settings.tls_certificate).read_bytes() if settings.tls_certificate else None
    status = check_health(settings.bind, certificate=certificate)
    if status != "SERVING":
        raise OperatorError(status)
    click.echo(status)
