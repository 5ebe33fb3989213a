"""The database: whether it answers and can write, its tables, its clock, who holds it, a pooler before it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

from portal.cli.doctor.connections import Unreached, reach
from portal.cli.doctor.findings import Finding, Verdict
from portal.clock import Clock
from portal.database_faults import DatabaseFault, DatabaseUnavailableError
from portal.database_files import file_of, is_open_to_others
from portal.database_state import HARMFUL, LockHolder, ServerState, measure_lead
from portal.migrations import Tables

_CHECK = "database"
_SETTING, _CA_FILE, _MIGRATE = "PORTAL_DATABASE_URL", "PORTAL_CA_FILE", "portal migrate"
_POSTGRESQL = 5432
# Of clocks: what passes for the same time.
_NOTED = timedelta(seconds=2)
_FIXES = {
    DatabaseFault.FULL: "make room on the disk of the database; nothing needs a restart",
    DatabaseFault.READ_ONLY: f"name the server that writes in {_SETTING}, too (docs/operations.md: Databases)"
    " or let this one write: `SHOW default_transaction_read_only`",
    DatabaseFault.LOCKED: "let what holds it end; the lines below name it where the server lets us see it",
    DatabaseFault.OVERLOADED: "raise the server's max_connections, or run fewer processes",
    DatabaseFault.DAMAGED: "look at the database's log and its disk, before anything is written to it again",
}
_FIXES_OF_A_FILE = {
    DatabaseFault.READ_ONLY: "let this user write the file and its directory, on a disk that may be written",
    DatabaseFault.LOCKED: "let the command that writes end: `fuser` with the file's name shows its process",
}


class ExaminedDatabase(Protocol):
    """What is asked of `Storage`. Each method raises `DatabaseUnavailableError`."""

    def server_state(self) -> ServerState | None:
        """Return the state of the server; None for SQLite."""
        ...

    def try_writing(self) -> None:
        """Write, and leave nothing."""
        ...

    def lock_holders(self) -> list[LockHolder]:
        """Return which sessions others wait for."""
        ...


def examine_database(
    url: str, read_tables: Callable[[], Tables], database: ExaminedDatabase, clock: Clock
) -> Iterator[Finding]:
    """Yield what is to be said of the database. Its address may hold a password."""
    try:
        tables = read_tables()
    except DatabaseUnavailableError as error:
        yield _unusable(url, error.fault)
        yield from _held(database)
        return
    yield _tables(tables)
    yield from _files(url)
    yield from _writing(url, database)
    yield from _held(database)
    try:
        state, lead = measure_lead(database.server_state, clock)
    except DatabaseUnavailableError:
        yield Finding(_CHECK, Verdict.BAD, "answered, and then no longer", "look at its log and its load")
        return
    if state is not None and state.is_pooled:
        yield Finding(_CHECK, Verdict.GOOD, "is reached through a pooler: nothing is prepared or set there")
    yield from _clock(lead)


def _writing(url: str, database: ExaminedDatabase) -> Iterator[Finding]:
    try:
        state = database.server_state()
        if state is not None and state.is_read_only:
            yield _unusable(url, DatabaseFault.READ_ONLY)
            return
        database.try_writing()
    except DatabaseUnavailableError as error:
        yield _unusable(url, error.fault)


def _unusable(url: str, fault: DatabaseFault) -> Finding:
    if fault is DatabaseFault.UNREACHED:
        return _unreached(url)
    of_a_file = _FIXES_OF_A_FILE if url.startswith("sqlite") else {}
    detail = fault.value.removeprefix("the database ")
    return Finding(_CHECK, Verdict.BAD, detail, of_a_file.get(fault) or _FIXES[fault])


def _held(database: ExaminedDatabase) -> Iterator[Finding]:
    try:
        holders = database.lock_holders()
    except DatabaseUnavailableError:
        return
    for holder in holders:
        detail = (
            f"process {holder.pid} of {holder.user or 'another user'} has held a lock for {holder.seconds}"
            f" seconds ({holder.command or 'its statement cannot be seen'}); {holder.waiting} wait for it"
        )
        fix = f"find out what it is; `SELECT pg_terminate_backend({holder.pid})` ends it"
        yield Finding(_CHECK, Verdict.BAD if holder.waiting else Verdict.NOTE, detail, fix)


def _files(url: str) -> Iterator[Finding]:
    file = file_of(url)
    if file is None:
        return
    if is_open_to_others(file):
        fix = f"let the user that owns it run this command, or `chmod 600 {file}`"
        yield Finding(_CHECK, Verdict.BAD, "its file is open to other users of this machine", fix)
    if is_open_to_others(file.parent):
        fix = "move the file to a directory of its own, with the mode 700"
        yield Finding(_CHECK, Verdict.NOTE, "its directory is open to other users of this machine", fix)


def _unreached(url: str) -> Finding:
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite"):
        fix = f"check {_SETTING}: this user must be able to write the file and its directory"
        return Finding(_CHECK, Verdict.BAD, "does not answer: the file cannot be opened", fix)
    # A URL may name several servers, or none.
    one_host = parts.hostname if "," not in parts.netloc else None
    if one_host:
        reached = reach(one_host, parts.port or _POSTGRESQL)
        if isinstance(reached, Unreached):
            detail = f"does not answer: {reached.detail}"
            return Finding(_CHECK, Verdict.BAD, detail, reached.fix(_SETTING, _CA_FILE))
    fix = (
        f"check user, password, name and sslmode in {_SETTING}; the server's log has the reason."
        f" For a certificate that is not verified, set {_CA_FILE}"
    )
    return Finding(_CHECK, Verdict.BAD, "does not answer, or refuses this user", fix)


def _tables(tables: Tables) -> Finding:
    if tables is Tables.MISSING:
        return Finding(_CHECK, Verdict.BAD, "has no tables", f"run `{_MIGRATE}`")
    if tables is Tables.OLDER:
        return Finding(_CHECK, Verdict.BAD, "has the tables of an older release", f"run `{_MIGRATE}`")
    if tables is Tables.NEWER:
        fix = "replace this release by the one that migrated it"
        return Finding(_CHECK, Verdict.NOTE, "has the tables of a newer release", fix)
    return Finding(_CHECK, Verdict.GOOD, "answers, and its tables are up to date")


def _clock(ahead: timedelta) -> Iterator[Finding]:
    if abs(ahead) <= _NOTED:
        return
    seconds = round(abs(ahead).total_seconds())
    detail = (
        f"its clock is {seconds} seconds {'ahead of' if ahead > timedelta() else 'behind'} this machine's"
    )
    fix = "let both follow the same time servers: `timedatectl` on each shows whether they do"
    yield Finding(_CHECK, Verdict.BAD if abs(ahead) > HARMFUL else Verdict.NOTE, detail, fix)
