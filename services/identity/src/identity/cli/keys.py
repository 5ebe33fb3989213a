"""`identity keys`."""

import click

from identity.audit.events import Event
from identity.cli.identifiers import IdentifierCommand
from identity.cli.operator import operator, refuse
from identity.cli.printing import as_json, show_json, show_table
from identity.signing_keys.store import SigningKeys


@click.group()
def keys() -> None:
    """Manage the signing keys: next, active, retired, revoked."""


@keys.command("list")
@as_json
def list_all(*, is_json: bool) -> None:
    """List every key with its state and its times (UTC)."""
    with operator() as opened, opened.storage.autocommit() as connection:
        found = SigningKeys(connection).list_keys()
    shown = [
        {
            "kid": key.kid,
            "alg": key.alg,
            "state": key.state.value,
            "published": key.is_published,
            "created_at": key.created_at,
            "activated_at": key.activated_at,
            "retired_at": key.retired_at,
        }
        for key in found
    ]
    if is_json:
        show_json(shown)
    else:
        headings = ["KID", "ALG", "STATE", "PUBLISHED", "CREATED", "ACTIVATED", "RETIRED"]
        show_table(headings, [list(key.values()) for key in shown])


@keys.command()
def rotate() -> None:
    """Publish the next keys now; the worker activates them after 24 hours, when all clients know them."""
    with operator() as opened:
        made = opened.key_rotation.publish_next()
        for kid in made:
            opened.record_event(Event.KEY_CREATED, kid=kid)
    if not made:
        refuse("the next keys are published already; the worker activates them 24 hours after that")
    click.echo(f"Published {len(made)} keys: {' '.join(made)}")


@keys.command(cls=IdentifierCommand)
@click.argument("kid")
@click.confirmation_option(prompt="Every token that this key signed is refused from now on. Go on?")
def revoke(kid: str) -> None:
    """Revoke the key KID at once, as after a leak; another one signs from now on."""
    with operator() as opened:
        if not opened.key_rotation.revoke_key(kid):
            refuse(f"there is no key {kid!r} that could be revoked; `identity keys list` shows them")
        opened.record_event(Event.KEY_ROTATED, kid=kid, reason="revoked")
    click.echo(f"{kid}: revoked")
