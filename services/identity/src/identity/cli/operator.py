"""What commands share: settings, the database, secret keys, the clock, and how they refuse."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import click

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock, SystemClock
from identity.composition.command_line import create_command_line_app
from identity.config import Settings, load_settings
from identity.database_connections import FOR_COMMANDS
from identity.database_faults import DatabaseFault, DatabaseUnavailableError
from identity.database_state import clock_fault, measure_lead
from identity.errors import SettingsError, UnavailableError, UnstorableTextError
from identity.identity_providers.load import known_variables
from identity.identity_providers.openid import PREFIX
from identity.relying_parties.admin import Registry
from identity.relying_parties.store import Cities
from identity.secret_keys import SecretKeys
from identity.setting_types import unknown_variables, variables_of
from identity.signing_keys.rotation import KeyRotation
from identity.storage import Storage

REFUSED, MISUSED = 1, 2
UNREACHABLE = "the database does not answer: check IDENTITY_DATABASE_URL, and that its server runs"


@dataclass(frozen=True)
class Operator:
    """What one run of a command works with."""

    settings: Settings
    storage: Storage
    secret_keys: SecretKeys
    clock: Clock
    # Its context carries the transactions; the worker adds Flask-Mail.
    app: Any

    @property
    def registry(self) -> Registry:
        """The verbs that register cities, clients and resources."""
        return Registry(self.storage, self.clock)

    @property
    def key_rotation(self) -> KeyRotation:
        """The verbs that rotate signing keys."""
        return KeyRotation(self.storage, self.secret_keys, self.clock)

    def record_event(self, event: Event, *, client_id: str | None = None, **details: str) -> None:
        """Record in the audit what the operator did."""
        with self.storage.transaction() as tx:
            Audit(tx).record(event, self.clock.now(), client_id=client_id, **details)


@contextmanager
def operator(*, statement_seconds: float = FOR_COMMANDS) -> Iterator[Operator]:
    """Open the database of the settings; refuses if it does not respond or has no tables."""
    settings = read_settings()
    app = create_command_line_app(
        settings.database_url.get_secret_value(), statement_seconds=statement_seconds
    )
    storage: Storage = app.extensions["identity"]
    with app.app_context(), storage:
        if not storage.is_reachable():
            refuse(UNREACHABLE)
        try:
            if not has_tables(storage):
                refuse("the database has no tables yet: run `identity migrate` first")
            yield Operator(
                settings, storage, SecretKeys(settings.secret_keys.get_secret_value()), SystemClock(), app
            )
        except UnavailableError as error:
            refuse(unavailable(error))
        except UnstorableTextError:
            refuse("an argument is not UTF-8")


def read_settings() -> Settings:
    """Return the settings; prints what is wrong with them and exits with 2."""
    try:
        return load_settings(Settings)
    except SettingsError as error:
        for line in str(error).splitlines():
            click.echo(line, err=True)
        sys.exit(MISUSED)


def say_unknown_variables() -> None:
    """Print a line for each variable that begins with IDENTITY_ and is no setting."""
    for line in unknown_settings(os.environ):
        click.echo(line, err=True)


def unknown_settings(names: Iterable[str]) -> list[str]:
    """Return a line for each of these variables that begins with IDENTITY_ and is no setting."""
    # Those of other providers are checked where they are read.
    checked = [name for name in names if not name.startswith(PREFIX)]
    return unknown_variables("IDENTITY_", variables_of(Settings) | known_variables(), checked)


def unavailable(error: UnavailableError) -> str:
    """Return what is wrong with the database, and what to do."""
    is_known = isinstance(error, DatabaseUnavailableError) and error.fault is not DatabaseFault.UNREACHED
    return f"{error}: `identity doctor` says what to do" if is_known else UNREACHABLE


def has_tables(storage: Storage) -> bool:
    """Tell whether the database was migrated; raises `UnavailableError`."""
    try:
        with storage.autocommit() as connection:
            Cities(connection).list_cities()
    except DatabaseUnavailableError as error:
        # SQLite's error for a table that is missing has no code of its own.
        if error.fault is not DatabaseFault.UNREACHED:
            raise
        return False
    except Exception:  # noqa: BLE001 - whatever the driver raises, the tables are not there
        return False
    return True


def refuse_wrong_clock(opened: Operator) -> None:
    """Exit if this machine's clock and the database's differ: what it writes would be over, or to come."""
    if fault := clock_fault(measure_lead(opened.storage.server_state, opened.clock)[1]):
        refuse(fault)


def refuse(*lines: str) -> NoReturn:
    """Print the reasons, one a line, to standard error, and exit with 1."""
    for line in lines:
        click.echo(f"identity: {line}", err=True)
    sys.exit(REFUSED)
