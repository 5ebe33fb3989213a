"""`identity clients`: show, write and disable clients, and rotate their secrets."""

from datetime import timedelta
from pathlib import Path
from typing import TextIO

import click

from identity.audit.events import Event
from identity.cli.client_options import create, register, update
from identity.cli.files import json_file, read_json, read_secret, secret_from_env
from identity.cli.invitations import invitations, invite, revoke_invitation
from identity.cli.operator import operator, refuse
from identity.cli.printing import as_json, show_fields, show_json, show_table
from identity.relying_parties.clients import DescribedClient
from identity.relying_parties.store import Clients


@click.group()
def clients() -> None:
    """Manage the clients: websites and portals that delegate sign-in."""


for command in (create, update, invite, invitations, revoke_invitation):
    clients.add_command(command)


@clients.command()
@json_file
@secret_from_env
@click.option("--secret-file", type=click.Path(path_type=Path), help="Write a new secret to this file.")
def put(file: TextIO, secret_from_env: str | None, secret_file: Path | None) -> None:
    """Write the client that FILE (JSON, or - for standard input) describes. Safe to repeat.

    With --secret-from-env that secret becomes the client's only one. Without, a client that has none gets
    one, printed once.
    """
    register(read_json(file), read_secret(secret_from_env), secret_file)


@clients.command()
@click.argument("client_id")
@as_json
def show(client_id: str, *, is_json: bool) -> None:
    """Show one client; never its secrets."""
    fields = _fields(_find_client(client_id))
    if is_json:
        show_json(fields)
    else:
        show_fields(fields)


@clients.command("list")
@as_json
def list_all(*, is_json: bool) -> None:
    """List the clients."""
    with operator() as opened, opened.storage.autocommit() as connection:
        found = [_fields(described) for described in Clients(connection).list_clients()]
    if is_json:
        show_json(found)
    else:
        names = ["id", "city_id", "name", "token_endpoint_auth_method", "pkce_required", "disabled_at"]
        headings = ["ID", "CITY", "NAME", "AUTHENTICATION", "PKCE", "DISABLED"]
        show_table(headings, [[fields[name] for name in names] for fields in found])


@clients.command("rotate-secret")
@click.argument("client_id")
@click.option("--overlap-hours", type=click.IntRange(0, 24 * 90), default=24, show_default=True)
def rotate_secret(client_id: str, overlap_hours: int) -> None:
    """Make a new secret and print it once; the old ones work until the overlap ends."""
    with operator() as opened:
        secret = opened.registry.rotate_secret(client_id, timedelta(hours=overlap_hours))
        if secret is None:
            refuse(f"there is no client {client_id!r} with a secret; `identity clients list` shows them")
        opened.record_event(Event.CLIENT_SECRET_ROTATED, client_id=client_id)
    click.echo(f"secret (shown once): {secret}")


@clients.command()
@click.argument("client_id")
def disable(client_id: str) -> None:
    """Refuse all requests of the client; `identity clients put` enables it again."""
    with operator() as opened:
        if not opened.registry.disable_client(client_id):
            refuse(f"there is no enabled client {client_id!r}; `identity clients list` shows them")
        opened.record_event(Event.CLIENT_DISABLED, client_id=client_id)
    click.echo(f"{client_id}: disabled")


def _find_client(client_id: str) -> DescribedClient:
    with operator() as opened, opened.storage.autocommit() as connection:
        described = Clients(connection).find_described_client(client_id)
    if described is None:
        refuse(f"there is no client {client_id!r}; `identity clients list` shows them")
    return described


def _fields(described: DescribedClient) -> dict[str, object]:
    return described.client.registration | {
        "secrets": len(described.client.secrets),
        "created_at": described.created_at,
        "disabled_at": described.disabled_at,
    }
