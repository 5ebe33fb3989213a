"""`identity resources`."""

import click

from identity.audit.events import Event
from identity.cli.files import read_secret, secret_from_env
from identity.cli.operator import operator, refuse
from identity.cli.printing import as_json, show_json, show_table
from identity.randomness import secret as new_secret
from identity.relying_parties.admin import Change
from identity.relying_parties.schemas import RegistrationRefusedError, read_resource
from identity.relying_parties.store import Resources


@click.group()
def resources() -> None:
    """Manage the services that accept access tokens, such as billing_link."""


@resources.command()
@click.argument("resource_id", metavar="ID")
@click.option("--name", required=True, help="As residents may read it.")
@click.option("--scopes", required=True, help="What its tokens may allow, separated by blanks.")
@secret_from_env
def put(resource_id: str, name: str, scopes: str, secret_from_env: str | None) -> None:
    """Write the resource with the indicator ID, an absolute URI. Safe to repeat with the same secret.

    Without --secret-from-env a new secret is made and printed once.
    """
    given = read_secret(secret_from_env)
    secret = given or new_secret()
    with operator() as opened:
        try:
            registration = read_resource({"id": resource_id, "name": name, "scopes": scopes.split()})
            change = opened.registry.put_resource(registration, secret)
        except RegistrationRefusedError as error:
            refuse(*error.lines)
        if change is not Change.UNCHANGED:
            opened.record_event(Event.RESOURCE_CHANGED, resource=resource_id)
    click.echo(f"{resource_id}: {change}")
    if given is None:
        click.echo(f"secret (shown once): {secret}")


@resources.command("list")
@as_json
def list_all(*, is_json: bool) -> None:
    """List the resources."""
    with operator() as opened, opened.storage.autocommit() as connection:
        found = Resources(connection).list_resources()
    if is_json:
        show_json([{"id": r.id, "name": r.name, "scopes": r.scopes} for r in found])
    else:
        show_table(["ID", "NAME", "SCOPES"], [[r.id, r.name, r.scopes] for r in found])
