"""`portal migrate`."""

import click

from portal import migrations
from portal.config import Settings, load_settings
from portal.errors import UnavailableError
from portal.storage import Storage


@click.command()
def migrate() -> None:
    """Bring the database to the tables of this release."""
    database_url = load_settings(Settings).database_url.get_secret_value()
    with Storage(database_url) as storage:
        if not storage.is_reachable():
            raise click.ClickException(
                "PORTAL_DATABASE_URL: the database does not answer"
                " (check the address, and that its server runs)"
            )
    try:
        migrations.upgrade(database_url)
    except UnavailableError as error:
        raise click.ClickException(f"{error}: `portal doctor` says what to do") from None
    click.echo("portal: the database is up to date")
