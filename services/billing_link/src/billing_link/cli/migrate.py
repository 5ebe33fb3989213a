"""`billing_link migrate`."""

import click

from billing_link import migrations
from billing_link.config import DatabaseSettings, load


@click.command()
def migrate() -> None:
    """Create the tables, or update them to this release."""
    migrations.upgrade(load(DatabaseSettings).database_url)
    click.echo("The tables are up to date.")
