"""`identity doctor`: one module for each subject that it examines."""

import os
import sys
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import click

from identity.cli.doctor.certificates import examine_file
from identity.cli.doctor.connections import Unreached, reach
from identity.cli.doctor.database import examine_database
from identity.cli.doctor.deliveries import examine_deliveries
from identity.cli.doctor.environment import examine_environment
from identity.cli.doctor.findings import Check, Finding, Verdict, as_json, examine_all, show
from identity.cli.doctor.last_day import examine_last_day
from identity.cli.doctor.mail import examine_mail_server
from identity.cli.doctor.public_address import PublicAddress, SomeClient
from identity.cli.doctor.registrations import examine_keys, examine_registrations
from identity.cli.doctor.secret_keys import examine_secret_keys
from identity.cli.operator import REFUSED, Operator, read_settings, unknown_settings
from identity.clock import SystemClock
from identity.composition.command_line import create_command_line_app
from identity.config import Settings
from identity.database_connections import FOR_REQUESTS
from identity.egress import Egress
from identity.errors import SettingsError, UnavailableError
from identity.identity_providers.load import load_providers
from identity.migrations import Tables, tables_of
from identity.relying_parties.store import Clients
from identity.secret_keys import SecretKeys
from identity.storage import Storage


@click.command()
@as_json
def doctor(*, is_json: bool) -> None:
    """Look for each trouble of settings, network, database, mail and registrations; say how to fix it."""
    settings = read_settings()
    app = create_command_line_app(settings.database_url.get_secret_value(), statement_seconds=FOR_REQUESTS)
    storage: Storage = app.extensions["identity"]
    secret_keys = SecretKeys(settings.secret_keys.get_secret_value())
    opened = Operator(settings, storage, secret_keys, SystemClock(), app)
    with storage:
        findings = [Finding("settings", Verdict.GOOD, "complete"), *examine_all(checks(opened))]
    if show(findings, is_json=is_json):
        sys.exit(REFUSED)


def checks(opened: Operator) -> list[Check]:
    """Return what is examined, in the order of the report."""
    settings, now = opened.settings, opened.clock.now

    def with_tables(examine: Callable[[], Iterator[Finding]]) -> Callable[[], Iterator[Finding]]:
        """Examine nothing without a database: `database` says so."""

        def run() -> Iterator[Finding]:
            if _has_tables(opened.storage):
                yield from examine()

        return run

    return [
        Check("environment", lambda: _environment(settings)),
        Check("public address", lambda: PublicAddress(settings).examine(_some_client(opened.storage))),
        Check(
            "database",
            lambda: examine_database(
                settings.database_url.get_secret_value(),
                lambda: _tables(opened.storage),
                opened.storage,
                opened.clock,
            ),
        ),
        Check("mail server", lambda: examine_mail_server(settings, now())),
        Check("deliveries", with_tables(lambda: examine_deliveries(opened.storage, now()))),
        Check("last 24 hours", with_tables(lambda: examine_last_day(opened.storage, now()))),
        Check("outbound proxy", lambda: _outbound_proxy(settings)),
        Check("providers", lambda: _providers(settings)),
        Check("certificate files", lambda: _certificate_files(settings, opened)),
        Check("keys", with_tables(lambda: examine_keys(opened))),
        Check("secret keys", with_tables(lambda: examine_secret_keys(opened))),
        Check("registrations", with_tables(lambda: examine_registrations(opened))),
    ]


def _environment(settings: Settings) -> Iterator[Finding]:
    fix = "for sign-in providers and clients' addresses IDENTITY_OUTBOUND_PROXY counts"
    if settings.outbound_proxy.get_secret_value():
        fix = "nothing: IDENTITY_OUTBOUND_PROXY counts"
    return examine_environment(
        os.environ, unknown=unknown_settings(os.environ), proxy_fix=fix, ca_file="IDENTITY_CA_FILE"
    )


def _tables(storage: Storage) -> Tables:
    with storage.autocommit() as connection:
        return tables_of(connection)


def _has_tables(storage: Storage) -> bool:
    try:
        return _tables(storage) is not Tables.MISSING
    except UnavailableError:
        return False


def _some_client(storage: Storage) -> SomeClient | None:
    """Return a client that may begin a sign-in with a plain request, if there is one."""
    if not _has_tables(storage):
        return None
    with storage.autocommit() as connection:
        clients = [entry.client for entry in Clients(connection).list_clients() if entry.disabled_at is None]
    for client in clients:
        needs_more = client.require_pushed_authorization_requests or client.require_signed_request_object
        if client.redirect_uris and not needs_more:
            return SomeClient(client.id, min(client.redirect_uris))
    return None


def _outbound_proxy(settings: Settings) -> Iterator[Finding]:
    proxy = urlsplit(settings.outbound_proxy.get_secret_value())
    if not proxy.hostname or not proxy.port:
        return
    reached = reach(proxy.hostname, proxy.port)
    if isinstance(reached, Unreached):
        fix = reached.fix("IDENTITY_OUTBOUND_PROXY", "IDENTITY_CA_FILE")
        yield Finding("outbound proxy", Verdict.BAD, f"cannot be reached: {reached.detail}", fix)
    else:
        yield Finding("outbound proxy", Verdict.GOOD, f"{proxy.hostname}:{proxy.port} takes connections")


def _providers(settings: Settings) -> Iterator[Finding]:
    try:
        configured = load_providers(os.environ, SystemClock(), egress=Egress.of(settings))
    except SettingsError as error:
        for line in str(error).splitlines():
            yield Finding(
                "providers", Verdict.BAD, line, "docs/federation.md lists each provider's variables"
            )
        return
    if configured:
        detail = f"{', '.join(configured)}: `identity providers check` asks each of them"
        yield Finding("providers", Verdict.GOOD, detail)


def _certificate_files(settings: Settings, opened: Operator) -> Iterator[Finding]:
    now = opened.clock.now()
    yield from examine_file("IDENTITY_CA_FILE", settings.ca_file, now)
    authorities = settings.client_certificate_authorities
    yield from examine_file("IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES", authorities, now)
