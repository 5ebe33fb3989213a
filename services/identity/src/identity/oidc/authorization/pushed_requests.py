"""Pushed authorization requests (RFC 9126): a `request_uri` works once, within a minute, for its client."""

from datetime import timedelta

from identity import randomness
from identity.clock import Clock
from identity.oidc.authorization.pushed_request_store import PushedRequestStore
from identity.oidc.protocol.parameters import Parameters
from identity.relying_parties.clients import RegisteredClient
from identity.secret_keys import digest
from identity.storage import Storage

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=60)
_LONGEST = 128


class PushedRequests:
    """Stores pushed requests and claims them."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    def store_request(self, parameters: Parameters, client: RegisteredClient) -> str:
        """Store a request that was checked; return its `request_uri`."""
        secret = randomness.secret()
        expires_at = self._clock.now() + LIFETIME
        with self._storage.autocommit() as connection:
            PushedRequestStore(connection).add_request(
                digest(secret), client.id, parameters.stored(), expires_at
            )
        return f"{PREFIX}{secret}"

    def claim_request(self, request_uri: str, client: RegisteredClient) -> Parameters | None:
        """Return the client's request behind a `request_uri`: to exactly one of all that try in time."""
        if len(request_uri) > _LONGEST:
            return None
        with self._storage.autocommit() as connection:
            stored = PushedRequestStore(connection).claim_request(
                digest(request_uri.removeprefix(PREFIX)), client.id, self._clock.now()
            )
        return None if stored is None else Parameters.restored(stored)
