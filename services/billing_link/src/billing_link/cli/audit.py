"""`billing_link audit`."""

import click

from billing_link.audit.seals import verify as verify_seals
from billing_link.audit.store import AuditSeals
from billing_link.clock import SystemClock
from billing_link.config import DatabaseSettings, load_settings
from billing_link.database_connections import FOR_COMMANDS
from billing_link.errors import OperatorError
from billing_link.storage import Storage


@click.group()
def audit() -> None:
    """Check the audit trail."""


@audit.command()
def verify() -> None:
    """Check that no sealed event was changed, removed or added; compare the last hash with the log."""
    database_url = load_settings(DatabaseSettings).database_url.get_secret_value()
    with Storage(database_url, statement_seconds=FOR_COMMANDS) as storage, storage.transaction() as tx:
        broken, last = list(verify_seals(tx, SystemClock().now())), AuditSeals(tx).last_seal()
    if broken:
        raise OperatorError("\n".join(f"seal {each.number}: {each.why}" for each in broken))
    click.echo(f"{last.number} seals hold; the last is {last.hash}" if last else "There is no seal yet.")
