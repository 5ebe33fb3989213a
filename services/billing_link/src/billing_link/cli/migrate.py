"""`billing_link migrate`."""

import click

from billing_link import migrations
from billing_link.config import DatabaseSettings, load_settings


@click.command()
def migrate() -> None:
    """Create the tables, or update them to this release."""
    migrations.upgrade(load_settings(DatabaseSettings).database_url.get_secret_value())
    click.echo("The tables are up to date.")
