"""Imports a city's records file: all of it or nothing, and the same file twice changes nothing."""

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, NamedTuple

from billing_link.audit.store import Audit, Event
from billing_link.billing_records.csv_rows import NumberKeys, Problem, RecordRow, read_rows
from billing_link.billing_records.staging import Merged, Staging, in_batches
from billing_link.clock import Clock
from billing_link.storage import Storage, hold

MOST_SHOWN = 100
_BATCH = 5000


class Imported(NamedTuple):
    """What an import did."""

    accounts: Merged
    entries: Merged
    registrations: Merged


class Problems(NamedTuple):
    """Why nothing was imported: the first problems by line, and how many more there are at least."""

    shown: list[Problem]
    more: int


class ImportRecords:
    """Imports records files."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def __call__(
        self, raw: BinaryIO, city_id: str, numbers: NumberKeys, progress: Callable[[], None]
    ) -> Imported | Problems:
        """Import a file of one city; `progress` is called from time to time while the file is read."""
        found = _Collector()
        with self._storage.transaction() as connection:
            # Two imports of one city run one after the other.
            hold(connection, "import", city_id)
            staging = Staging(connection, city_id)
            for batch in in_batches(found.pass_rows(read_rows(raw, numbers), progress), _BATCH):
                staging.add_rows(batch)
            staging.prepare_merge()
            self._check(staging, found)
            outcome = found.problems() if found.count else self._merge(staging)
            staging.drop_tables()
            if isinstance(outcome, Imported):
                Audit(connection).record(
                    Event.RECORDS_IMPORTED, self._clock.now(), city_id=city_id, **_counts(outcome)
                )
        return outcome

    def _merge(self, staging: Staging) -> Imported:
        """Merge the kinds; the accounts first, since the others point at them."""
        accounts = staging.merge_accounts()
        return Imported(accounts, staging.merge_entries(), staging.merge_registrations())

    def _check(self, staging: Staging, found: "_Collector") -> None:
        """Check what only the whole file shows."""
        for problem in staging.find_duplicates():
            found.add_problem(problem)
        # If an account's own row is bad, that is the problem, and not every entry that belongs to it.
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
        """Pass the rows on and keep the problems."""
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
    kinds = imported._asdict().items()
    return {
        f"{kind}_{what}": str(count) for kind, merged in kinds for what, count in merged._asdict().items()
    }
