"""The cities, cached for seconds: every call reads one, and they change rarely."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing_link.clock import Clock
from billing_link.linking.cities import City, read_city
from billing_link.linking.city_store import Cities
from billing_link.linking.number_formats import BillNumbers
from billing_link.storage import Storage

_FRESH = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class ServedCity:
    """A city, and its number formats ready for use."""

    city: City
    numbers: BillNumbers


@dataclass(frozen=True, slots=True)
class _CachedCity:
    read_at: datetime
    served: ServedCity


class CityCache:
    """Finds cities by id. Safe to use from many threads."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._cached: dict[str, _CachedCity] = {}
        self._lock = threading.Lock()

    def find_city(self, city_id: str) -> ServedCity | None:
        """Return a city, up to five seconds old; None, which is not cached, if it is not served here."""
        now = self._clock.now()
        with self._lock:
            cached = self._cached.get(city_id)
        if cached is not None and timedelta(0) <= now - cached.read_at < _FRESH:
            return cached.served
        with self._storage.autocommit() as connection:
            document = Cities(connection).find_document(city_id)
        if document is None:
            return None
        city = read_city(document)
        served = ServedCity(city, city.bill_numbers())
        with self._lock:
            self._cached[city_id] = _CachedCity(now, served)
        return served
