"""One city with one account, on each database."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from billing_link.billing_records.import_records import Imported, ImportRecords
from billing_link.billing_records.store import ImportedRecords
from billing_link.clock import FixedClock
from billing_link.linking.cities import read_city
from billing_link.linking.city_cache import ServedCity
from billing_link.linking.city_store import Cities
from billing_link.storage import Storage

RECORDS = b"""\
record,account_number,customer_id,name,service_address,mailing_address,status,closed_on,services,\
entry_id,kind,posted_on,due_on,amount,bill_number,email
account,004215-01,108734,Jane Example,7100 60th St N,,active,,water,,,,,,,
registration,004215-01,108734,Jane Example,,,,,,,,,,,,jane@example.com
"""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


@pytest.fixture
def storage(fresh_database: Callable[[str], str]) -> Iterator[Storage]:
    storage = Storage(fresh_database("billing_link"), pool_size=24)
    yield storage
    storage.dispose()


@pytest.fixture
def put_city(storage: Storage, clock: FixedClock) -> Callable[..., ServedCity]:
    """Return a function that adds the city with some of its rules changed, and imports its records."""

    def put(**changes: object) -> ServedCity:
        city = read_city(
            {
                "id": "pinellas-park",
                "name": "City of Pinellas Park",
                "account_number": {"segments": [{"width": 6}, {"width": 2}]},
                "customer_id": {"segments": [{"width": 6}]},
            }
            | changes
        )
        with storage.transaction() as tx:
            Cities(tx).put_city(city.id, city.model_dump(mode="json", exclude_none=True), clock.now())
        imported = ImportRecords(storage, clock)(
            io.BytesIO(RECORDS), city.id, city.bill_numbers(), lambda: None
        )
        assert isinstance(imported, Imported)
        return ServedCity(city, city.bill_numbers())

    return put


@pytest.fixture
def records(storage: Storage) -> ImportedRecords:
    return ImportedRecords(storage)
