"""The time of an import, and of a plain COPY of the same rows, without the start of Python."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from billing_link.billing_records.import_records import Imported, ImportRecords
from billing_link.clock import SystemClock
from billing_link.database_connections import FOR_COMMANDS
from billing_link.linking.cities import read_city
from billing_link.storage import Storage

from benchmarks import records
from benchmarks.processes import BenchmarkError, Cores, pinned

BYTES_AT_ONCE = 2**18


@dataclass(frozen=True)
class Import:
    """The times of one file."""

    accounts: int
    rows: int
    # Wall-clock time.
    imported_seconds: float
    copied_seconds: float


def import_records(directory: Path, cores: Cores, database_url: str, accounts: int) -> Import:
    """Write a file of this many accounts, copy it and import it; raises `BenchmarkError` if it is refused."""
    file = directory / "records.csv"
    rows = records.write(file, accounts)
    with pinned(cores.server):
        copied = _timed(lambda: _copy(file, database_url))
        imported = _timed(lambda: _import(file, database_url))
    return Import(accounts, rows, imported, copied)


def _timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _import(file: Path, database_url: str) -> None:
    city = read_city(records.CITY)
    storage = Storage(database_url, statement_seconds=FOR_COMMANDS)
    with file.open("rb") as raw:
        outcome = ImportRecords(storage, SystemClock())(raw, city.id, city.bill_numbers(), lambda: None)
    storage.dispose()
    if not isinstance(outcome, Imported):
        raise BenchmarkError(f"The import refused its file: {outcome.shown[:3]}")


def _copy(file: Path, database_url: str) -> None:
    """Copy the rows unchanged into a table of text columns without an index."""
    columns = ", ".join(f"{name} text" for name in records.COLUMNS)
    url = database_url.replace("+psycopg", "", 1)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE copied ({columns})")
        with cursor.copy("COPY copied FROM STDIN (FORMAT csv, HEADER)") as copy, file.open("rb") as raw:
            while chunk := raw.read(BYTES_AT_ONCE):
                copy.write(chunk)
