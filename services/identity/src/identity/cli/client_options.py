"""`identity clients create` and `update`: a client described by options."""

import re
import unicodedata
from pathlib import Path
from typing import Any, get_args

import click

from identity.audit.events import Event
from identity.cli.files import read_json, read_secret, secret_from_env, write_secret
from identity.cli.operator import Operator, operator, refuse
from identity.egress import Egress
from identity.outbound_http import OutboundHttp
from identity.relying_parties.admin import Change
from identity.relying_parties.client_security import FAPI2, AuthenticationMethod
from identity.relying_parties.logos.logo import LIMITS as LOGO_LIMITS
from identity.relying_parties.logos.logo import Logo, PublishedLogos
from identity.relying_parties.logos.store import Logos
from identity.relying_parties.schemas import ClientRegistration, RegistrationRefusedError, read_client
from identity.relying_parties.sector_identifiers import LIMITS as SECTOR_LIMITS
from identity.relying_parties.sector_identifiers import SectorIdentifiers
from identity.relying_parties.store import Clients
from identity.signing_keys.rotation import ALGORITHMS, ON_DEMAND

_OPTIONS = (
    click.option("--city", "city_id", help="The city that owns it."),
    click.option("--name", help="As residents know it."),
    click.option("--redirect-uri", "redirect_uris", multiple=True, help="Exact; may be repeated."),
    click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True),
    click.option("--initiate-login-uri", help="Starts its sign-in: where residents start again."),
    click.option("--scope", "scopes", multiple=True, help="May be repeated."),
    click.option(
        "--resource", "resources", multiple=True, help="Its tokens may be for this; may be repeated."
    ),
    click.option(
        "--grant-type", "grant_types", multiple=True, help="It may use this at /token; may be repeated."
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
        type=click.Choice(get_args(AuthenticationMethod)),
        help="client_secret (default): its secret, in the header or the form; none: a public client.",
    ),
    click.option("--id-token-alg", "id_token_signed_response_alg", type=click.Choice(ALGORITHMS)),
    click.option(
        "--userinfo-alg",
        "userinfo_signed_response_alg",
        type=click.Choice(["json", *ALGORITHMS]),
        callback=lambda _context, _option, value: "" if value == "json" else value,
        help="Userinfo responses are signed, or plain JSON.",
    ),
    click.option(
        "--claims-in-id-token/--claims-at-userinfo",
        "claims_in_id_token",
        default=None,
        help="In the ID token too: if its library reads no userinfo, as Auth.js and ASP.NET Core.",
    ),
    click.option(
        "--subject-type",
        type=click.Choice(["public", "pairwise"]),
        help="Pairwise: the sub of a resident differs from city to city.",
    ),
    click.option(
        "--sector-identifier-uri",
        help="Pairwise: its own sector within the city; a JSON list of its redirect URIs is there.",
    ),
    click.option("--logo-uri", help="Its logo, shown where residents are asked for consent; fetched now."),
    click.option("--policy-uri", help="Its privacy policy, linked where residents are asked for consent."),
    click.option("--tos-uri", help="Its terms of service, linked there too."),
    click.option(
        "--pkce/--without-pkce", "pkce_required", default=None, help="Without: only if its library cannot."
    ),
    click.option(
        "--jwks", "jwks_file", type=click.File(encoding="utf-8"), help="Its public keys: a JWK Set."
    ),
    click.option("--jwks-uri", help="URL of its JWK Set, instead; empty for none."),
    click.option(
        "--certificate-subject",
        "tls_client_auth_subject_dn",
        help="For tls_client_auth, in the form of RFC 4514.",
    ),
    click.option(
        "--certificate-bound/--not-certificate-bound",
        "tls_client_certificate_bound_access_tokens",
        default=None,
        help="Its tokens work only with its certificate.",
    ),
    click.option(
        "--dpop/--without-dpop",
        "dpop_bound_access_tokens",
        default=None,
        help="Its tokens work only with its DPoP key.",
    ),
    click.option(
        "--pushed-requests/--any-requests",
        "require_pushed_authorization_requests",
        default=None,
        help="Its authorization requests must be pushed (RFC 9126).",
    ),
    click.option(
        "--signed-requests/--unsigned-requests",
        "require_signed_request_object",
        default=None,
        help="Its authorization requests must be signed (RFC 9101).",
    ),
    click.option(
        "--profile",
        type=click.Choice(["fapi2", "none"]),
        help="fapi2: sets all that FAPI 2.0 requires, and refuses weaker settings.",
    ),
    click.option(
        "--first-party/--third-party", default=None, help="Third party: residents are asked for consent."
    ),
    click.option("--backchannel-logout-uri", help="Logout tokens are posted there when a session ends."),
    click.option(
        "--backchannel-logout-by-session/--backchannel-logout-by-resident",
        "backchannel_logout_session_required",
        default=None,
        help="By session: its logout tokens must contain the sid.",
    ),
)


# Settings that `--profile fapi2` replaces; any other contradiction is refused.
_WEAKER = (
    ("require_pushed_authorization_requests", False),
    ("dpop_bound_access_tokens", False),
    ("pkce_required", False),
    ("id_token_signed_response_alg", "RS256"),
    ("userinfo_signed_response_alg", "RS256"),
)


def _client_options(command: Any) -> Any:  # noqa: ANN401 - click's decorators
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("client_id", required=False)
@_client_options
@secret_from_env
@click.option("--secret-file", type=click.Path(path_type=Path), help="Write the secret to this file.")
def create(
    client_id: str | None,
    secret_from_env: str | None,
    secret_file: Path | None,
    **options: Any,  # noqa: ANN401 - the options
) -> None:
    """Register a new client and print its secret once. Without CLIENT_ID the id is made from the name."""
    client_id = client_id or _id_from(options["name"] or "")
    with operator() as opened, opened.storage.autocommit() as connection:
        if Clients(connection).find_described_client(client_id) is not None:
            refuse(f"there is a client {client_id!r} already; change it with `identity clients update`")
    register({"id": client_id} | _given(options), read_secret(secret_from_env), secret_file)


@click.command()
@click.argument("client_id")
@_client_options
def update(client_id: str, **options: Any) -> None:  # noqa: ANN401 - the options
    """Change the options that are given; a repeatable option replaces all its former values."""
    with operator() as opened, opened.storage.autocommit() as connection:
        described = Clients(connection).find_described_client(client_id)
    if described is None:
        refuse(f"there is no client {client_id!r}; `identity clients list` shows them")
    known = described.client.registration
    given = _given(options)
    # `jwks` and `jwks_uri` replace each other (OpenID Connect Registration §2).
    if given.get("jwks"):
        known["jwks_uri"] = ""
    elif "jwks_uri" in given:
        known["jwks"] = None
    if given.get("profile") == FAPI2:
        known = {name: value for name, value in known.items() if (name, value) not in _WEAKER}
    register(known | given, None, None)


def _id_from(name: str) -> str:
    """Return the name's letters and digits of ASCII between dashes: `parks-and-recreation`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    made = "-".join(re.findall(r"[a-z0-9]+", plain))[:64].strip("-")
    if not made:
        refuse("give the client an id, or a --name with letters or digits to make one from")
    return made


def register(content: dict[str, Any], secret: str | None, secret_file: Path | None) -> None:
    """Write a client and print the outcome; a new secret is printed once, or written to the file."""
    with operator() as opened:
        try:
            registration = read_client(content)
            egress = Egress.of(opened.settings)
            sectors = SectorIdentifiers(OutboundHttp(SECTOR_LIMITS, egress))
            sectors.check(registration, public_only=False)
            logo = _logo(opened, registration)
            done = opened.registry.put_client(registration, secret)
        except RegistrationRefusedError as error:
            refuse(*error.lines)
        with opened.storage.transaction() as tx:
            Logos(tx).replace_logo(registration.id, logo, opened.clock.now())
        if done.change is not Change.UNCHANGED:
            event = Event.CLIENT_CREATED if done.change is Change.CREATED else Event.CLIENT_UPDATED
            opened.record_event(event, client_id=registration.id)
        _ensure_keys(opened, registration)
    click.echo(f"{registration.id}: {done.change}")
    if done.secret and secret_file:
        write_secret(secret_file, done.secret)
        click.echo(f"secret written to {secret_file}")
    elif done.secret:
        click.echo(f"secret (shown once): {done.secret}")


def _logo(opened: Operator, registration: ClientRegistration) -> Logo | None:
    """Return the client's logo, fetched unless its address stays the same."""
    with opened.storage.autocommit() as connection:
        known = Logos(connection).find_logo(registration.id)
    if not registration.logo_uri or (known is not None and known.uri == registration.logo_uri):
        return known if registration.logo_uri else None
    logos = PublishedLogos(OutboundHttp(LOGO_LIMITS, Egress.of(opened.settings)))
    return logos.fetch(registration.logo_uri, public_only=False)


def _ensure_keys(opened: Operator, registration: ClientRegistration) -> None:
    """Publish the keys that will sign for the client before the first signature."""
    wanted = {registration.id_token_signed_response_alg, registration.userinfo_signed_response_alg}
    for alg in wanted & set(ON_DEMAND):
        if kid := opened.key_rotation.ensure_active_key(alg):
            opened.record_event(Event.KEY_CREATED, kid=kid)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in options.items() if value not in (None, ())}
    if file := given.pop("jwks_file", None):
        given["jwks"] = read_json(file)
    return given
