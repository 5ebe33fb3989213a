"""`portal migrate`."""

import click

from portal import migrations
from portal.config import Settings, load_settings


@click.command()
def migrate() -> None:
    """Bring the database to the tables of this release."""
    migrations.upgrade(load_settings(Settings).database_url.get_secret_value())
    click.echo("portal: the database is up to date")
