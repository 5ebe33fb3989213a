"""The public keys of clients, as registered (`jwks`) or as the client publishes them (`jwks_uri`)."""

import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from identity.clock import Clock
from identity.oidc.client_authentication.fetching import FetchFailedError, OutsideFetching
from identity.relying_parties import client_keys
from identity.relying_parties.client_keys import MOST_KEYS, PublicKey
from identity.relying_parties.clients import RegisteredClient

_log = logging.getLogger(__name__)

# How long a published set is kept, and how often it is fetched at most, whichever keys JWTs name.
_KEPT = timedelta(minutes=5)
_FLOOR = timedelta(seconds=30)
# How long the last set works while the client's server does not answer.
_STALE = timedelta(hours=1)
_MOST_SETS = 1000


@dataclass(frozen=True)
class _Fetched:
    tried_at: datetime
    fetched_at: datetime
    keys: tuple[Mapping[str, object], ...]


class ClientKeySets:
    """Finds the public keys of clients; a published set is cached."""

    def __init__(self, fetching: OutsideFetching, clock: Clock) -> None:
        self._fetching, self._clock = fetching, clock
        self._fetched: dict[str, _Fetched] = {}
        # One for each address, so that one request fetches and the others do not.
        self._fetch_locks: defaultdict[str, Lock] = defaultdict(Lock)

    def find_keys(self, client: RegisteredClient, alg: str, kid: str | None) -> list[PublicKey]:
        """Return the client's keys for this algorithm, with this id if one is named: perhaps none."""
        return [client_keys.parse(jwk) for jwk in self.jwks(client, kid) if _matches(jwk, alg, kid)]

    def jwks(self, client: RegisteredClient, kid: str | None = None) -> Sequence[Mapping[str, object]]:
        """Return the client's keys; a published set is fetched again when it is old or lacks `kid`."""
        if client.jwks is not None:
            return list(client.jwks["keys"])
        return self._published(client.jwks_uri, kid) if client.jwks_uri else ()

    def expire(self) -> None:
        """Fetch every published set again when it is next needed."""
        self._fetched.clear()

    def _published(self, uri: str, kid: str | None) -> tuple[Mapping[str, object], ...]:
        known = self._fetched.get(uri)
        if known is not None and not self._is_due(known, kid):
            return self._usable(known)
        lock = self._fetch_locks[uri]
        # Without a known set the request waits for the first one; otherwise it goes on with what is known.
        if not lock.acquire(blocking=known is None):
            return self._usable(known) if known else ()
        try:
            known = self._fetched.get(uri)
            if known is None or self._is_due(known, kid):
                known = self._fetch(uri, known)
            return self._usable(known)
        finally:
            lock.release()

    def _is_due(self, known: _Fetched, kid: str | None) -> bool:
        now = self._clock.now()
        lacks = kid is not None and all(jwk.get("kid") != kid for jwk in known.keys)
        return now >= known.tried_at + _FLOOR and (lacks or now >= known.fetched_at + _KEPT)

    def _usable(self, known: _Fetched) -> tuple[Mapping[str, object], ...]:
        return known.keys if self._clock.now() < known.fetched_at + _STALE else ()

    def _fetch(self, uri: str, known: _Fetched | None) -> _Fetched:
        now = self._clock.now()
        try:
            fetched = _Fetched(now, now, _keys_of(self._fetching.fetch(uri)))
        except FetchFailedError as error:
            _log.warning("the keys at a client's jwks_uri cannot be had: %s", error)
            fetched = _Fetched(now, known.fetched_at, known.keys) if known else _Fetched(now, now, ())
        if len(self._fetched) >= _MOST_SETS:
            self._fetched.clear()
        self._fetched[uri] = fetched
        return fetched


def _matches(jwk: Mapping[str, object], alg: str, kid: str | None) -> bool:
    return client_keys.fits(jwk, alg) and (kid is None or jwk.get("kid") in (None, kid))


def _keys_of(body: bytes) -> tuple[Mapping[str, object], ...]:
    """Return the keys that can be used here; the set may hold others, for other purposes."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise FetchFailedError("answered with something other than JSON") from None
    keys = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(keys, list):
        raise FetchFailedError("answered with something other than a JWK Set")
    return tuple(jwk for jwk in keys[:MOST_KEYS] if client_keys.problem_with_key(jwk) is None)
