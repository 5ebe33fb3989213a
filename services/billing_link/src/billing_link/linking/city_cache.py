"""The cities, kept in memory for seconds: every call needs one, and they change once a year."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing_link.clock import Clock
from billing_link.linking.cities import City, read_city
from billing_link.linking.number_formats import BillNumbers
from billing_link.linking.store import Cities
from billing_link.storage import Storage

_FRESH = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class ServedCity:
    """A city with its number formats made ready."""

    city: City
    numbers: BillNumbers


class CityCache:
    """Finds cities. Safe to use from many threads."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._known: dict[str, tuple[datetime, ServedCity]] = {}
        self._lock = threading.Lock()

    def find_city(self, city_id: str) -> ServedCity | None:
        """Return a city that is served here. A city that is not is asked for each time: tokens name few."""
        now = self._clock.now()
        with self._lock:
            read_at, city = self._known.get(city_id, (None, None))
        if read_at is not None and timedelta(0) <= now - read_at < _FRESH:
            return city
        with self._storage.autocommit() as connection:
            document = Cities(connection).find_document(city_id)
        if document is None:
            return None
        found = read_city(document)
        served = ServedCity(found, found.bill_numbers())
        with self._lock:
            self._known[city_id] = (now, served)
        return served
