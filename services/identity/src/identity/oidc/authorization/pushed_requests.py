"""Pushed authorization requests (RFC 9126): opened within a minute, by their client, and answered once.

Opening one spends nothing, so that a reload, a second tab or a preview of the link does no harm (RFC 9126
§4): it is spent with the code that it yields, or when the resident declines.
"""

from collections.abc import Sequence
from datetime import timedelta

from identity import randomness
from identity.clock import Clock
from identity.oidc.authorization.pushed_request_store import PushedRequestStore
from identity.oidc.authorization.request_objects import ResolvedRequest
from identity.oidc.protocol.lifetimes import INTERACTION
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.replay_store import SingleUse, check_unspent, single_use, spending
from identity.relying_parties.clients import RegisteredClient
from identity.secret_keys import digest
from identity.storage import Storage

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=60)
_LONGEST = 128


class PushedRequestExpiredError(Exception):
    """The `request_uri` is unknown, another client's, or over a minute old. The client has to push again."""

    def __init__(self, digest: str | None = None) -> None:
        super().__init__("the pushed request has expired")
        # Of its single use: an interaction that began in time may still wait for its resident.
        self.digest = digest


class RequestAnsweredError(Exception):
    """The authorization request works once, and was answered."""


class PushedRequests:
    """Stores pushed requests and finds them."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    def store_request(
        self, parameters: Parameters, client: RegisteredClient, uses: Sequence[SingleUse]
    ) -> str:
        """Store a request that was checked, and spend `uses`; return its `request_uri`."""
        secret = randomness.secret()
        expires_at = self._clock.now() + LIFETIME
        with spending(self._storage, uses) as executor:
            PushedRequestStore(executor).add_request(
                digest(secret), client.id, parameters.stored(), expires_at
            )
        return f"{PREFIX}{secret}"

    def find_request(self, request_uri: str, client: RegisteredClient) -> ResolvedRequest:
        """Return the client's request behind a `request_uri`. Nothing is spent by it.

        Raises `PushedRequestExpiredError` and `RequestAnsweredError`.
        """
        if len(request_uri) > _LONGEST:
            raise PushedRequestExpiredError
        secret, now = request_uri.removeprefix(PREFIX), self._clock.now()
        # Longer than any interaction of it waits.
        remembered_until = now + LIFETIME + INTERACTION
        use = single_use("pushed request", client.id, secret, remembered_until, RequestAnsweredError())
        check_unspent(self._storage, use)
        with self._storage.autocommit() as connection:
            stored = PushedRequestStore(connection).find_request(digest(secret), client.id, now)
        if stored is None:
            raise PushedRequestExpiredError(use.digest)
        return ResolvedRequest(Parameters.restored(stored), (use,))
