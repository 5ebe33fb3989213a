"""`portal doctor`: one module for each subject that it examines."""

import os
import sys
from collections.abc import Iterator

import click

from portal.cli.doctor.billing_link import examine_billing_link
from portal.cli.doctor.certificates import examine_file
from portal.cli.doctor.database import examine_database
from portal.cli.doctor.environment import examine_environment
from portal.cli.doctor.findings import Check, Finding, Verdict, as_json, examine_all, show
from portal.cli.doctor.identity import Identity
from portal.cli.doctor.public_address import PublicAddress
from portal.cli.doctor.registration import examine_registration
from portal.clock import SystemClock
from portal.config import Settings, load_settings
from portal.migrations import Tables, tables_of
from portal.setting_types import unknown_variables, variables_of
from portal.storage import Storage

_PROXY_FIX = "nothing: the portal reaches identity and billing_link directly"


@click.command()
@as_json
def doctor(*, is_json: bool) -> None:
    """Look for each trouble of settings, network, database, identity and billing_link; say how to fix it."""
    settings = load_settings(Settings)
    with Storage(settings.database_url.get_secret_value()) as storage:
        findings = [Finding("settings", Verdict.GOOD, "complete"), *examine_all(checks(settings, storage))]
    if show(findings, is_json=is_json):
        sys.exit(1)


def checks(settings: Settings, storage: Storage) -> list[Check]:
    """Return what is examined, in the order of the report."""
    clock = SystemClock()

    def identity() -> Iterator[Finding]:
        reached = Identity(settings.issuer, settings.authorities, clock.now())
        yield from reached.examine()
        yield from examine_registration(reached, settings)

    def files() -> Iterator[Finding]:
        yield from examine_file("PORTAL_CA_FILE", settings.ca_file, clock.now())
        yield from examine_file("PORTAL_BILLING_LINK_TLS_CA", settings.billing_link_tls_ca, clock.now())

    def environment() -> Iterator[Finding]:
        unknown = unknown_variables("PORTAL_", variables_of(Settings), os.environ)
        return examine_environment(
            os.environ, unknown=unknown, proxy_fix=_PROXY_FIX, ca_file="PORTAL_CA_FILE"
        )

    def database() -> Iterator[Finding]:
        url = settings.database_url.get_secret_value()
        return examine_database(url, lambda: _tables(storage), storage, clock)

    return [
        Check("environment", environment),
        Check("public address", lambda: PublicAddress(settings).examine()),
        Check("database", database),
        Check("identity", identity),
        Check("billing_link", lambda: examine_billing_link(settings, clock.now())),
        Check("certificate files", files),
    ]


def _tables(storage: Storage) -> Tables:
    with storage.transaction() as tx:
        return tables_of(tx.connection())
