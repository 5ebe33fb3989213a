"""`identity event-receivers`."""

import os

import click

from identity.audit.events import Event
from identity.cli.files import read_secret, secret_from_env
from identity.cli.operator import operator, refuse
from identity.cli.printing import as_json, show_json, show_table
from identity.relying_parties.schemas import RegistrationRefusedError
from identity.security_events.event_types import EventType
from identity.security_events.receivers import ReceiverRegistry, Registration
from identity.security_events.store import Receivers


@click.group("event-receivers")
def event_receivers() -> None:
    """Manage the services that receive security events, such as billing_link."""


@event_receivers.command()
@click.argument("receiver_id", metavar="ID")
@click.option("--push-uri", help="Events are sent there (RFC 8935). Without: the receiver polls (RFC 8936).")
@click.option(
    "--push-authorization-from-env", help="Variable with what a push says in Authorization, such as Bearer …"
)
@click.option(
    "--event",
    "event_types",
    multiple=True,
    type=click.Choice([each.value for each in EventType]),
    help="May be repeated; without: session-revoked.",
)
@secret_from_env
def put(
    receiver_id: str,
    push_uri: str | None,
    push_authorization_from_env: str | None,
    event_types: tuple[str, ...],
    secret_from_env: str | None,
) -> None:
    """Write the receiver ID, which is the `aud` of its events, and enable it. Safe to repeat.

    A receiver that polls needs a secret: that of --secret-from-env, or one that is made and printed once.
    """
    authorization = None
    if push_authorization_from_env:
        authorization = os.environ.get(push_authorization_from_env)
        if not authorization:
            refuse(f"the variable {push_authorization_from_env} is not set")
    wanted = frozenset(event_types) or frozenset({EventType.SESSION_REVOKED.value})
    registration = Registration(receiver_id, push_uri, authorization, wanted)
    with operator() as opened:
        registry = ReceiverRegistry(opened.storage, opened.secret_keys, opened.clock)
        try:
            done = registry.put(registration, read_secret(secret_from_env))
        except RegistrationRefusedError as error:
            refuse(*error.lines)
        opened.record_event(Event.EVENT_RECEIVER_CHANGED, receiver=receiver_id)
    click.echo(f"{receiver_id}: {'created' if done.is_new else 'updated'}")
    if done.secret:
        click.echo(f"secret (shown once): {done.secret}")


@event_receivers.command("list")
@as_json
def list_all(*, is_json: bool) -> None:
    """List the receivers; never their secrets."""
    with operator() as opened, opened.storage.autocommit() as connection:
        found = Receivers(connection).everyone()
    if is_json:
        show_json(
            [
                {
                    "id": each.id,
                    "push_uri": each.push_uri,
                    "events": each.event_types,
                    "disabled": each.is_disabled,
                }
                for each in found
            ]
        )
    else:
        rows = [[each.id, each.push_uri or "polls", each.event_types, each.is_disabled] for each in found]
        show_table(["ID", "DELIVERY", "EVENTS", "DISABLED"], rows)


@event_receivers.command()
@click.argument("receiver_id", metavar="ID")
def disable(receiver_id: str) -> None:
    """Tell the receiver nothing from now on; `identity event-receivers put` enables it again."""
    with operator() as opened:
        if not ReceiverRegistry(opened.storage, opened.secret_keys, opened.clock).disable(receiver_id):
            refuse(
                f"there is no enabled receiver {receiver_id!r}; `identity event-receivers list` shows them"
            )
        opened.record_event(Event.EVENT_RECEIVER_CHANGED, receiver=receiver_id)
    click.echo(f"{receiver_id}: disabled")
