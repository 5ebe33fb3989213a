"""`identity migrate`."""

import click

from identity import migrations
from identity.cli.operator import UNREACHABLE, operator, read_settings, refuse, unavailable
from identity.composition.command_line import create_command_line_app
from identity.errors import UnavailableError
from identity.storage import Storage


@click.command()
def migrate() -> None:
    """Migrate the database to the current schema and make missing signing keys. Safe to repeat."""
    settings = read_settings()
    storage: Storage = create_command_line_app(settings.database_url.get_secret_value()).extensions[
        "identity"
    ]
    with storage:
        reachable = storage.is_reachable()
    if not reachable:
        refuse(UNREACHABLE)
    try:
        migrations.upgrade(settings.database_url.get_secret_value())
    except UnavailableError as error:
        refuse(unavailable(error))
    with operator() as opened:
        made = opened.key_rotation.ensure_active_keys()
    click.echo("The database is up to date." + (f" Made {len(made)} signing keys." if made else ""))
