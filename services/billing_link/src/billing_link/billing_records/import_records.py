"""Imports a city's records file, all of it or nothing. The same file twice changes nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from billing_link.audit.store import Audit, Event
from billing_link.billing_records.csv_rows import NumberKeys, read_rows
from billing_link.billing_records.rows import Problem, RecordRow
from billing_link.billing_records.staging import Merged, Staging, in_batches
from billing_link.clock import Clock
from billing_link.storage import Storage, hold

MOST_SHOWN = 100
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Imported:
    """The changes of an import, by kind of row."""

    accounts: Merged
    entries: Merged
    registrations: Merged

    def by_kind(self) -> dict[str, Merged]:
        """Return the changes, by the name of the kind."""
        return {"accounts": self.accounts, "entries": self.entries, "registrations": self.registrations}


@dataclass(frozen=True, slots=True)
class Problems:
    """Why nothing was imported: the first problems by line, and the least number of further ones."""

    shown: list[Problem]
    more: int


class ImportRecords:
    """Imports the records file of a city, in one transaction."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def __call__(
        self, raw: BinaryIO, city_id: str, numbers: NumberKeys, progress: Callable[[], None]
    ) -> Imported | Problems:
        """Import a file; `progress` is called every 500 rows while it is read."""
        found = _Collector()
        with self._storage.transaction() as tx:
            # Two imports of one city wait for each other.
            hold(tx, "import", city_id)
            staging = Staging(tx, city_id)
            for batch in in_batches(found.pass_rows(read_rows(raw, numbers), progress), _BATCH):
                staging.add_rows(batch)
            staging.prepare_merge()
            self._check(staging, found)
            outcome = found.problems() if found.count else self._merge(staging)
            staging.drop_tables()
            if isinstance(outcome, Imported):
                Audit(tx).record(
                    Event.RECORDS_IMPORTED, self._clock.now(), city_id=city_id, details=_counts(outcome)
                )
        return outcome

    def _merge(self, staging: Staging) -> Imported:
        """Merge all kinds; accounts first, since the others refer to them."""
        accounts = staging.merge_accounts()
        return Imported(accounts, staging.merge_entries(), staging.merge_registrations())

    def _check(self, staging: Staging, found: "_Collector") -> None:
        """Find the problems that need the whole file."""
        for problem in staging.find_duplicates():
            found.add_problem(problem)
        # If the row of an account is bad, its entries are not reported too.
        if not found.count:
            for problem in staging.find_rows_without_account():
                found.add_problem(problem)


class _Collector:
    """Keeps the first problems and counts the rest."""

    def __init__(self) -> None:
        self.count = 0
        self._shown: list[Problem] = []

    def add_problem(self, problem: Problem) -> None:
        self.count += 1
        if len(self._shown) < 2 * MOST_SHOWN:
            self._shown.append(problem)

    def pass_rows(
        self, rows: Iterable[RecordRow | Problem], progress: Callable[[], None]
    ) -> Iterator[RecordRow]:
        """Yield the rows and keep the problems."""
        for number, row in enumerate(rows):
            if number % 500 == 0:
                progress()
            if isinstance(row, Problem):
                self.add_problem(row)
            else:
                yield row
        progress()

    def problems(self) -> Problems:
        shown = sorted(self._shown)[:MOST_SHOWN]
        return Problems(shown, self.count - len(shown))


def _counts(imported: Imported) -> dict[str, str]:
    counts: dict[str, str] = {}
    for kind, merged in imported.by_kind().items():
        counts |= {f"{kind}_new": str(merged.new), f"{kind}_changed": str(merged.changed)}
    return counts
