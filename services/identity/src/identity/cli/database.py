"""`identity migrate`."""

import click

from identity import migrations
from identity.cli.operator import operator, read_settings, refuse
from identity.storage import Storage


@click.command()
def migrate() -> None:
    """Bring the database to today's tables and make the signing keys that are missing. Safe to repeat."""
    settings = read_settings()
    storage = Storage(settings.database_url, pool_size=1)
    reachable = storage.is_reachable()
    storage.dispose()
    if not reachable:
        refuse("the database does not answer: check IDENTITY_DATABASE_URL, and that its server runs")
    migrations.upgrade(settings.database_url)
    with operator() as opened:
        made = opened.keys.ensure()
    click.echo("The database is up to date." + (f" Made {len(made)} signing keys." if made else ""))
