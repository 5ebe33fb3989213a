"""The cities that are served, and when their billing records were imported last."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from billing_link.audit.store import Audit, Event
from billing_link.cli.doctor.findings import Finding, Verdict
from billing_link.linking.city_store import Cities
from billing_link.storage import Storage

# Cities import every night or every month; a bill is due in between.
_OLD = timedelta(days=40)


def examine_records(storage: Storage, now: datetime) -> Iterator[Finding]:
    """Yield what is to be said of each city."""
    with storage.autocommit() as connection:
        cities = [str(document["id"]) for document in Cities(connection).list_documents()]
        imported = Audit(connection).last_times(Event.RECORDS_IMPORTED)
    if not cities:
        yield Finding("cities", Verdict.NOTE, "there are none", "run `billing_link cities put FILE.json`")
    for city in cities:
        check, fix = f"city {city}", f"run `billing_link import records.csv --city {city}`"
        if city not in imported:
            yield Finding(check, Verdict.NOTE, "no billing records were imported", fix)
            continue
        is_old = imported[city] < now - _OLD
        detail = f"billing records of {imported[city]:%Y-%m-%d}"
        yield Finding(check, Verdict.NOTE if is_old else Verdict.GOOD, detail, fix if is_old else "")
