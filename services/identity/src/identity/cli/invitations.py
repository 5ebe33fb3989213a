"""`identity clients invite`, `invitations` and `revoke-invitation` (RFC 7591)."""

from pathlib import Path
from typing import Any

import click

from identity.audit.events import Event
from identity.cli.files import write_secret
from identity.cli.operator import operator, refuse
from identity.cli.printing import as_json, show_fields, show_json, show_table
from identity.relying_parties.invitations.store import Invitations
from identity.relying_parties.schemas import RegistrationRefusedError, read_invitation


@click.command()
@click.option("--city", "city_id", required=True, help="The city that its clients belong to.")
@click.option(
    "--redirect-host",
    "redirect_hosts",
    multiple=True,
    required=True,
    help="Host of their URLs, exact; may be repeated.",
)
@click.option("--scope", "scopes", multiple=True, help="May be repeated; without: openid, profile, email.")
@click.option(
    "--grant-type",
    "grant_types",
    multiple=True,
    help="May be repeated; without: authorization_code, refresh_token.",
)
@click.option(
    "--pkce/--without-pkce",
    "pkce_required",
    default=True,
    help="Without: only if their library cannot; public clients need it all the same.",
)
@click.option("--registrations", type=int, default=1, show_default=True, help="How many clients.")
@click.option("--days", "lifetime", type=int, default=7, show_default=True, help="How long it is open.")
@click.option("--token-file", type=click.Path(path_type=Path), help="Write the token to this file.")
def invite(token_file: Path | None, **options: Any) -> None:  # noqa: ANN401 - the options
    """Invite a third party to register its clients (RFC 7591); prints the initial access token once."""
    with operator() as opened:
        try:
            registration = read_invitation({name: value for name, value in options.items() if value != ()})
            made = opened.registry.invite(registration)
        except RegistrationRefusedError as error:
            refuse(*error.lines)
        invitation = made.invitation
        opened.record_event(Event.CLIENT_INVITED, invitation=invitation.id, city=invitation.city_id)
        shown = {
            "invitation": invitation.id,
            "registration endpoint": f"{opened.settings.issuer}/register",
            "registrations": invitation.registrations_left,
            "until": invitation.expires_at,
            "PKCE": "required" if invitation.pkce_required else "not required of confidential clients",
        }
    show_fields(shown)
    if token_file:
        write_secret(token_file, made.token)
        click.echo(f"initial access token written to {token_file}")
    else:
        click.echo(f"initial access token (shown once): {made.token}")


@click.command()
@as_json
def invitations(*, is_json: bool) -> None:
    """List the invitations; never their tokens."""
    with operator() as opened, opened.storage.autocommit() as connection:
        now = opened.clock.now()
        found = [
            vars(one) | {"state": one.state(now).value} for one in Invitations(connection).list_invitations()
        ]
    if is_json:
        show_json(found)
    else:
        names = ["id", "city_id", "state", "registrations_left", "expires_at", "redirect_hosts", "scopes"]
        headings = ["ID", "CITY", "STATE", "LEFT", "EXPIRES", "HOSTS", "SCOPES"]
        show_table(headings, [[fields[name] for name in names] for fields in found])


@click.command("revoke-invitation")
@click.argument("invitation_id", metavar="ID")
def revoke_invitation(invitation_id: str) -> None:
    """Revoke an open invitation; the clients that it registered stay."""
    with operator() as opened:
        if not opened.registry.revoke_invitation(invitation_id):
            refuse(
                f"there is no open invitation {invitation_id!r}; `identity clients invitations` shows them"
            )
        opened.record_event(Event.CLIENT_INVITATION_REVOKED, invitation=invitation_id)
    click.echo(f"{invitation_id}: revoked")
