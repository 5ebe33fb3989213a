"""`identity audit`."""

import click

from identity.audit.seals import verify as verify_seals
from identity.audit.store import AuditSeals
from identity.cli.operator import operator, refuse
from identity.cli.printing import as_json, show_json


@click.group()
def audit() -> None:
    """Check the audit record."""


@audit.command()
@as_json
def verify(*, is_json: bool) -> None:
    """Check that no sealed event was changed, removed or added; compare the last hash with the log."""
    with operator() as opened, opened.storage.transaction() as tx:
        broken, last = list(verify_seals(tx, opened.clock.now())), AuditSeals(tx).last_seal()
    if is_json:
        show_json(
            {
                "seals": last.number if last else 0,
                "last_hash": last.hash if last else None,
                "broken": [vars(each) for each in broken],
            }
        )
    if broken:
        refuse(*(f"seal {each.number}: {each.why}" for each in broken))
    if not is_json:
        click.echo(f"{last.number} seals hold; the last is {last.hash}" if last else "There is no seal yet.")
