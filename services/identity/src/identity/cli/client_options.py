"""`identity clients create` and `update`: a client described by options."""

from pathlib import Path
from typing import Any

import click

from identity.audit.events import Event
from identity.cli.files import secret_from_env, secret_of, write_secret
from identity.cli.operator import operator, refuse
from identity.relying_parties.registration import RegistrationRefusedError, read_client
from identity.relying_parties.registry import Change
from identity.relying_parties.store import Clients

_OPTIONS = (
    click.option("--city", "city_id", help="The city that owns it."),
    click.option("--name", help="As residents know it."),
    click.option("--redirect-uri", "redirect_uris", multiple=True, help="Exact; may be repeated."),
    click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True),
    click.option("--initiate-login-uri", help="Where a resident starts over: opens its sign-in."),
    click.option("--scope", "scopes", multiple=True, help="May be repeated."),
    click.option(
        "--resource", "resources", multiple=True, help="Its tokens may be for this; may be repeated."
    ),
    click.option(
        "--grant-type", "grant_types", multiple=True, help="What it may ask /token with; may be repeated."
    ),
    click.option(
        "--token-exchange-resource",
        "token_exchange_resources",
        multiple=True,
        help="It may exchange tokens for this (RFC 8693); may be repeated.",
    ),
    click.option(
        "--authentication",
        "token_endpoint_auth_method",
        type=click.Choice(["client_secret_basic", "client_secret_post", "none"]),
        help="How it proves who it is; none: a public client.",
    ),
    click.option("--id-token-alg", "id_token_signed_response_alg", type=click.Choice(["RS256", "ES256"])),
    click.option("--pkce/--without-pkce", "pkce_required", default=None, help="Without: only if it cannot."),
    click.option("--first-party/--third-party", default=None, help="Third party: residents are asked."),
)


def _described_by_options(command: Any) -> Any:  # noqa: ANN401 - click's decorators
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("client_id")
@_described_by_options
@secret_from_env
@click.option("--secret-file", type=click.Path(path_type=Path), help="Write the secret to this file.")
def create(
    client_id: str,
    secret_from_env: str | None,
    secret_file: Path | None,
    **options: Any,  # noqa: ANN401 - the options
) -> None:
    """Register a new client and print its secret once."""
    with operator() as opened, opened.storage.autocommit() as connection:
        if Clients(connection).described(client_id) is not None:
            refuse(f"there is a client {client_id!r} already; change it with `identity clients update`")
    register({"id": client_id} | _given(options), secret_of(secret_from_env), secret_file)


@click.command()
@click.argument("client_id")
@_described_by_options
def update(client_id: str, **options: Any) -> None:  # noqa: ANN401 - the options
    """Change what the options name and leave the rest; repeatable options replace what was there."""
    with operator() as opened, opened.storage.autocommit() as connection:
        described = Clients(connection).described(client_id)
    if described is None:
        refuse(f"there is no client {client_id!r}; `identity clients list` shows them")
    known = {name: value for name, value in vars(described.client).items() if name != "secrets"}
    register(known | _given(options), None, None)


def register(content: dict[str, Any], secret: str | None, secret_file: Path | None) -> None:
    """Write a client and tell what came of it; a secret that was made is shown once, or goes to the file."""
    with operator() as opened:
        try:
            registration = read_client(content)
            done = opened.registry.put_client(registration, secret)
        except RegistrationRefusedError as error:
            refuse(*error.lines)
        if done.change is not Change.UNCHANGED:
            event = Event.CLIENT_CREATED if done.change is Change.CREATED else Event.CLIENT_UPDATED
            opened.note(event, client_id=registration.id)
    click.echo(f"{registration.id}: {done.change}")
    if done.secret and secret_file:
        write_secret(secret_file, done.secret)
        click.echo(f"secret written to {secret_file}")
    elif done.secret:
        click.echo(f"secret (shown once): {done.secret}")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in (None, ())}
