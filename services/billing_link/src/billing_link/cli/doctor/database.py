"""The database: whether it answers, its tables, its clock, and a pooler before it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from billing_link.cli.doctor.connections import Unreached, reach
from billing_link.cli.doctor.findings import Finding, Verdict
from billing_link.database_connections import ServerState
from billing_link.errors import UnavailableError
from billing_link.migrations import Tables

_CHECK = "database"
_SETTING, _CA_FILE, _MIGRATE = "BILLING_LINK_DATABASE_URL", "BILLING_LINK_CA_FILE", "billing_link migrate"
_POSTGRESQL = 5432
# Of clocks: what passes for the same time, and from when on tokens, codes and links are refused.
_NOTED, _HARMFUL = timedelta(seconds=2), timedelta(seconds=30)


def examine_database(
    url: str,
    read_tables: Callable[[], Tables],
    read_state: Callable[[], ServerState | None],
    now: Callable[[], datetime],
) -> Iterator[Finding]:
    """Yield what is to be said of the database. Its address may hold a password."""
    try:
        tables = read_tables()
    except UnavailableError:
        yield _unreached(url)
        return
    yield _tables(tables)
    try:
        state = read_state()
    except UnavailableError:
        yield Finding(_CHECK, Verdict.BAD, "answered, and then no longer", "look at its log and its load")
        return
    if state is None:
        return
    if state.is_pooled:
        yield Finding(_CHECK, Verdict.GOOD, "is reached through a pooler: nothing is prepared or set there")
    yield from _clock(state.now - now())


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
    yield Finding(_CHECK, Verdict.BAD if abs(ahead) > _HARMFUL else Verdict.NOTE, detail, fix)
