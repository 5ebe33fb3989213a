"""Cities, clients and resources by id, cached in the process for five seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from identity.clock import Clock
from identity.relying_parties.clients import RegisteredCity, RegisteredClient, RegisteredResource
from identity.relying_parties.store import Cities, Clients, Resources
from identity.storage import Storage

T = TypeVar("T")
CACHED_FOR = timedelta(seconds=5)
LONGEST_KEY = 255


class RelyingPartyCache:
    """Finds what is registered without a query for each request; a change is seen within five seconds."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._clients = _Cached[RegisteredClient](clock, self._read_client)
        self._cities = _Cached[RegisteredCity](clock, self._read_city)
        self._resources = _Cached[RegisteredResource](clock, self._read_resource)
        self._scopes = _Cached[tuple[str, ...]](clock, self._read_scopes)
        self._city_names = _Cached[tuple[str, ...]](clock, self._read_city_names)

    def client(self, client_id: str) -> RegisteredClient | None:
        """Return the client, or None when it is unknown or disabled."""
        return self._clients.get(client_id)

    def city(self, city_id: str) -> RegisteredCity | None:
        """Return the city, or None when it is unknown."""
        return self._cities.get(city_id)

    def city_names(self) -> tuple[str, ...]:
        """Return the names of all cities."""
        return self._city_names.get("") or ()

    def resource(self, resource_id: str) -> RegisteredResource | None:
        """Return the resource with this indicator, or None when it is unknown."""
        return self._resources.get(resource_id)

    def resource_scopes(self) -> tuple[str, ...]:
        """Return the scopes of all resources, sorted."""
        return self._scopes.get("") or ()

    def expire(self) -> None:
        """Read every value again at its next use."""
        for cached in (self._clients, self._cities, self._resources, self._scopes, self._city_names):
            cached.expire()

    def _read_client(self, client_id: str) -> RegisteredClient | None:
        with self._storage.autocommit() as connection:
            return Clients(connection).find_enabled_client(client_id, self._clock.now())

    def _read_city(self, city_id: str) -> RegisteredCity | None:
        with self._storage.autocommit() as connection:
            return Cities(connection).find_city(city_id)

    def _read_city_names(self, _key: str) -> tuple[str, ...]:
        with self._storage.autocommit() as connection:
            return tuple(Cities(connection).list_names())

    def _read_resource(self, resource_id: str) -> RegisteredResource | None:
        with self._storage.autocommit() as connection:
            return Resources(connection).find_resource(resource_id)

    def _read_scopes(self, _key: str) -> tuple[str, ...]:
        with self._storage.autocommit() as connection:
            resources = Resources(connection).list_resources()
        return tuple(sorted({scope for resource in resources for scope in resource.scopes}))


class _Cached(Generic[T]):
    """Values by key, read again after `CACHED_FOR`. Unknown keys are not: they could fill the memory."""

    def __init__(self, clock: Clock, read: Callable[[str], T | None]) -> None:
        self._clock, self._read = clock, read
        self._values: dict[str, tuple[datetime, T]] = {}

    def expire(self) -> None:
        self._values.clear()

    def get(self, key: str) -> T | None:
        # Other text is no identifier, and PostgreSQL refuses some of it.
        if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
            return None
        now = self._clock.now()
        known = self._values.get(key)
        if known and now - known[0] < CACHED_FOR:
            return known[1]
        value = self._read(key)
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = (now, value)
        return value
