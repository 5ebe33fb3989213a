"""The public keys of clients, as registered (`jwks`) or as the client publishes them (`jwks_uri`)."""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from identity.clock import Clock
from identity.outbound_http import Limits, OutboundHttp, OutboundHttpError
from identity.published_documents import Jwk, PublishedKeySet, Retention, keys_of
from identity.relying_parties import client_keys
from identity.relying_parties.client_keys import MOST_KEYS, PublicKey
from identity.relying_parties.clients import RegisteredClient

_log = structlog.get_logger(__name__)

KEY_SET_LIMITS = Limits(connect=3.0, read=5.0, total=5.0, size=64 * 1024)
RETENTION = Retention(
    lifetime=timedelta(minutes=5),
    stale=timedelta(hours=1),
    pause=timedelta(seconds=30),
    is_client_chosen=True,
)
_MOST_SETS = 1000
_ACCEPT = {"Accept": "application/jwk-set+json, application/json"}


class ClientKeySets:
    """Finds the public keys of clients; a published set is cached. `http` has `KEY_SET_LIMITS`."""

    def __init__(self, http: OutboundHttp, clock: Clock) -> None:
        self._http, self._clock = http, clock
        self._published: dict[str, PublishedKeySet] = {}

    def find_keys(self, client: RegisteredClient, alg: str, kid: str | None) -> list[PublicKey]:
        """Return the client's keys for this algorithm, with this id if one is named: perhaps none."""
        return [client_keys.parse(jwk) for jwk in self.jwks(client, kid) if _matches(jwk, alg, kid)]

    def jwks(self, client: RegisteredClient, kid: str | None = None) -> Sequence[Jwk]:
        """Return the client's keys; a published set is fetched again when it is old or lacks `kid`.

        Without any if the client's server has not answered for an hour.
        """
        if client.jwks is not None:
            return list(client.jwks["keys"])
        if not client.jwks_uri:
            return ()
        try:
            return self._key_set(client.jwks_uri).keys(kid)
        except OutboundHttpError:
            return ()

    def expire(self) -> None:
        """Fetch every published set again when it is next needed."""
        self._published.clear()

    def _key_set(self, uri: str) -> PublishedKeySet:
        known = self._published.get(uri)
        if known is not None:
            return known
        if len(self._published) >= _MOST_SETS:
            self._published.clear()
        # Of several threads that come here, one wins.
        new = PublishedKeySet(lambda: self._fetch(uri), RETENTION, self._clock)
        return self._published.setdefault(uri, new)

    def _fetch(self, uri: str) -> Sequence[Jwk]:
        try:
            response = self._http.get(uri, _ACCEPT, public_only=True)
            return keys_of(response.json_if_ok(), MOST_KEYS, _is_usable)
        except OutboundHttpError as error:
            _log.warning("client_keys_unavailable", cause=str(error), uri=uri[:200])
            raise


def _is_usable(jwk: Jwk) -> bool:
    return client_keys.problem_with_key(jwk) is None


def _matches(jwk: Jwk, alg: str, kid: str | None) -> bool:
    return client_keys.fits(jwk, alg) and (kid is None or jwk.get("kid") in (None, kid))
