"""`billing_link doctor`: one module for each subject that it examines."""

import os
import sys
from collections.abc import Iterator

import click

from billing_link.cli.doctor.certificates import examine_file
from billing_link.cli.doctor.database import examine_database
from billing_link.cli.doctor.environment import examine_environment
from billing_link.cli.doctor.findings import Check, Finding, Verdict, as_json, examine_all, show
from billing_link.cli.doctor.identity import Identity
from billing_link.cli.doctor.port import examine_port
from billing_link.cli.doctor.records import examine_records
from billing_link.cli.doctor.resource import examine_resource
from billing_link.clock import SystemClock
from billing_link.config import ServerSettings, load_settings
from billing_link.errors import UnavailableError
from billing_link.migrations import Tables, tables_of
from billing_link.setting_types import unknown_variables, variables_of
from billing_link.storage import Storage

_PROXY_FIX = "nothing: billing_link reaches identity directly"


@click.command()
@as_json
def doctor(*, is_json: bool) -> None:
    """Look for each trouble of settings, network, database, records and identity; say how to fix it."""
    settings = load_settings(ServerSettings)
    with Storage(settings.database_url.get_secret_value()) as storage:
        findings = [Finding("settings", Verdict.GOOD, "complete"), *examine_all(checks(settings, storage))]
    if show(findings, is_json=is_json):
        sys.exit(1)


def checks(settings: ServerSettings, storage: Storage) -> list[Check]:
    """Return what is examined, in the order of the report."""
    clock = SystemClock()

    def environment() -> Iterator[Finding]:
        unknown = unknown_variables("BILLING_LINK_", variables_of(ServerSettings), os.environ)
        return examine_environment(
            os.environ, unknown=unknown, proxy_fix=_PROXY_FIX, ca_file="BILLING_LINK_CA_FILE"
        )

    def database() -> Iterator[Finding]:
        url = settings.database_url.get_secret_value()
        return examine_database(url, lambda: _tables(storage), storage, clock)

    def records() -> Iterator[Finding]:
        if _has_tables(storage):
            yield from examine_records(storage, clock.now())

    def identity() -> Iterator[Finding]:
        reached = Identity(settings.issuer, settings.authorities, clock.now())
        yield from reached.examine()
        yield from examine_resource(reached, settings)

    return [
        Check("environment", environment),
        Check("database", database),
        Check("records", records),
        Check("identity", identity),
        Check("server", lambda: examine_port(settings, clock.now())),
        Check(
            "certificate files",
            lambda: examine_file("BILLING_LINK_CA_FILE", settings.ca_file, clock.now()),
        ),
    ]


def _tables(storage: Storage) -> Tables:
    with storage.autocommit() as connection:
        return tables_of(connection)


def _has_tables(storage: Storage) -> bool:
    """Return False without a database too: `database` says so."""
    try:
        return _tables(storage) is not Tables.MISSING
    except UnavailableError:
        return False
