"""The refresh token grant (RFC 6749 §6) with rotation in families (RFC 9700 §4.14.2).

A token is replaced at each use. Its successor is always the same, and for 30 seconds the predecessor still
yields it: a lost answer logs nobody out. A predecessor after that was stolen, or its thief was first; the
family ends.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from identity.clock import Clock
from identity.oidc.client_authentication.authentication import METHODS
from identity.oidc.grants.refresh_tokens import RefreshFamilies
from identity.oidc.grants.revocation import Cause, Revocation
from identity.oidc.grants.store import Grants, GrantView
from identity.oidc.protocol.lifetimes import REFRESH_GRACE, REFRESH_IDLE
from identity.storage import Storage


@dataclass(frozen=True)
class GenuineToken:
    """A refresh token that we made, as Authlib's checks want to ask it."""

    facts: GrantView
    generation: int
    seed: str

    def check_client(self, client: Any) -> bool:  # noqa: ANN401 - Authlib's signature
        """Tell whether it was given to this client."""
        return bool(client.registered.id == self.facts.client_id)

    def get_scope(self) -> str:
        """Return the granted scope: the most that may be asked for again."""
        return self.facts.scope


class RefreshRotation:
    """Looks refresh tokens up and replaces them."""

    def __init__(
        self, storage: Storage, clock: Clock, revocation: Revocation, families: RefreshFamilies
    ) -> None:
        self._storage, self._clock = storage, clock
        self._revocation, self._families = revocation, families

    def looks_like_ours(self, text: str) -> bool:
        """Tell whether a text has the form of a refresh token; no other token of ours has it."""
        return self._families.parse(text) is not None

    def would_accept(self, token: GenuineToken) -> bool:
        """Tell whether the token may be used now: the current one, or for a moment its predecessor."""
        now = self._clock.now()
        is_current = token.facts.refresh_generation == token.generation
        return _lives(token.facts, now) and (is_current or _is_in_grace(token, token.facts, now))

    def look(self, text: str) -> GenuineToken | None:
        """Return the token if we made it, current or not."""
        presented = self._families.parse(text)
        if presented is None:
            return None
        with self._storage.autocommit() as connection:
            facts = Grants(connection).by_id(presented.grant_id, self._clock.now())
        if facts is None or facts.refresh_seed is None:
            return None
        is_genuine = self._families.is_genuine(presented, facts.refresh_seed)
        return GenuineToken(facts, presented.generation, facts.refresh_seed) if is_genuine else None

    def replace(self, token: GenuineToken) -> str:
        """Return the token's successor; raises `InvalidGrantError`: after a replay the family is revoked."""
        now = self._clock.now()
        if not _lives(token.facts, now):
            raise InvalidGrantError("The refresh token is over or was revoked.")
        with self._storage.autocommit() as connection:
            grants = Grants(connection)
            is_first = grants.rotate(token.facts.id, token.generation, now)
            current = token.facts if is_first else grants.by_id(token.facts.id, now)
        if not is_first:
            self._check_repetition(token, current, now)
        return self._families.token(token.facts.id, token.generation + 1, token.seed)

    def _check_repetition(self, token: GenuineToken, current: GrantView | None, now: datetime) -> None:
        if current is None or current.revoked_at is not None or current.refreshed_at is None:
            raise InvalidGrantError("The refresh token is over or was revoked.")
        if not _is_in_grace(token, current, now):
            self._revocation.revoke(current, Cause.REFRESH_REPLAYED)
            raise InvalidGrantError("The refresh token was used before.")


class RotatingRefreshGrant(RefreshTokenGrant):
    """Authlib's checks in their order; the token is replaced after them, and before tokens are made."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> Any:  # noqa: ANN401 - Authlib's signature
        """Return the token if we made it."""
        return self.server.rotation.look(refresh_token)

    def create_token_response(self) -> Any:  # noqa: ANN401 - Authlib's signature
        """Replace the token and return its successor with new tokens."""
        request: Any = self.request
        token: GenuineToken = request.refresh_token
        audience = self.server.token_responses.audience(token.facts, request.parameters)
        request.binding.check_code(token.facts.dpop_jkt)
        successor = self.server.rotation.replace(token)
        scope = request.payload.scope or token.facts.scope
        content = self.server.token_responses.response(
            token.facts, request.client.registered, audience, scope, nonce=None, binding=request.binding
        )
        content["refresh_token"] = successor
        return 200, content, self.TOKEN_RESPONSE_HEADER


def _is_in_grace(token: GenuineToken, current: GrantView, now: datetime) -> bool:
    is_predecessor = current.refresh_generation == token.generation + 1
    return is_predecessor and current.refreshed_at is not None and now < current.refreshed_at + REFRESH_GRACE


def _lives(facts: GrantView, now: datetime) -> bool:
    is_used = facts.refreshed_at is not None and now < facts.refreshed_at + REFRESH_IDLE
    return is_used and now < facts.expires_at and facts.revoked_at is None and facts.stands
