"""The refresh token grant (RFC 6749 §6) with rotation in families (RFC 9700 §4.14.2).

A token is replaced at each use. Its successor is always the same text, and for 30 seconds the predecessor
still yields it: a lost response signs no resident out. A predecessor that comes later was used by two
parties, one of them a thief; the family ends.

Clients of FAPI 2.0 keep their token (Security Profile §5.3.2.1): it is bound to them, and rotation only costs
them a sign-in when a response is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from authlib.oauth2.rfc6749 import InvalidGrantError

from identity.clock import Clock
from identity.oidc.grant_types.base import TokenRequest
from identity.oidc.grants.refresh_tokens import RefreshFamilies
from identity.oidc.grants.revocation import Cause, Revocation
from identity.oidc.grants.store import Grants, GrantView
from identity.oidc.protocol.lifetimes import REFRESH_GRACE, REFRESH_IDLE
from identity.oidc.protocol.replay_store import SingleUse, spending
from identity.oidc.protocol.scopes import check_within, read_scope
from identity.oidc.sender_constraint.binding import Binding
from identity.oidc.tokens.responses import TokenResponse, TokenResponses
from identity.relying_parties.clients import RegisteredClient
from identity.storage import Storage


@dataclass(frozen=True, repr=False)
class RefreshToken:
    """A genuine refresh token, current or not. The grant holds personal data."""

    grant: GrantView
    generation: int
    # Secret: with the server's key it makes the family's tokens.
    seed: str


class RefreshRotation:
    """Finds refresh tokens and replaces them."""

    def __init__(
        self, storage: Storage, clock: Clock, revocation: Revocation, families: RefreshFamilies
    ) -> None:
        self._storage, self._clock = storage, clock
        self._revocation, self._families = revocation, families

    def is_refresh_token(self, text: str) -> bool:
        """Tell whether a text has the form of a refresh token; no other token of this issuer has it."""
        return self._families.parse(text) is not None

    def find_refresh_token(self, text: str) -> RefreshToken | None:
        """Return the token if it is genuine, current or not."""
        presented = self._families.parse(text)
        if presented is None:
            return None
        with self._storage.autocommit() as connection:
            grant = Grants(connection).by_id(presented.grant_id, self._clock.now())
        if grant is None or grant.refresh_seed is None:
            return None
        is_genuine = self._families.is_genuine(presented, grant.refresh_seed)
        return RefreshToken(grant, presented.generation, grant.refresh_seed) if is_genuine else None

    def is_usable(self, token: RefreshToken) -> bool:
        """Tell whether the token may be used now: the current one, or for 30 seconds its predecessor."""
        now = self._clock.now()
        is_current = token.grant.refresh_generation == token.generation
        return _is_live(token.grant, now) and (is_current or _is_in_grace(token, token.grant, now))

    def rotate(self, token: RefreshToken, client: RegisteredClient, uses: Sequence[SingleUse]) -> str:
        """Replace the token and spend `uses`; return its successor: the same one for clients of FAPI 2.0.

        Raises `InvalidGrantError` for one that is over, and for a replay, which revokes the grant.
        """
        now = self._clock.now()
        if not _is_live(token.grant, now):
            raise InvalidGrantError("The refresh token is over or was revoked.")
        with spending(self._storage, uses) as executor:
            grants = Grants(executor)
            following = token.generation + (0 if client.follows_fapi2 else 1)
            is_first = grants.rotate(token.grant.id, token.generation, following, now)
            current = token.grant if is_first else grants.by_id(token.grant.id, now)
        if not is_first:
            self._check_repetition(token, current, now)
            following = token.generation + 1
        return self._families.token(token.grant.id, following, token.seed)

    def _check_repetition(self, token: RefreshToken, current: GrantView | None, now: datetime) -> None:
        if current is None or not _is_live(current, now):
            raise InvalidGrantError("The refresh token is over or was revoked.")
        if not _is_in_grace(token, current, now):
            self._revocation.revoke(current, Cause.REFRESH_REPLAYED)
            raise InvalidGrantError("The refresh token was used before.")


@dataclass(frozen=True, repr=False)
class AuthorizedRefresh:
    """A refresh token that its client may use, and what it asks for with it."""

    rotation: RefreshRotation
    responses: TokenResponses
    client: RegisteredClient
    token: RefreshToken
    audience: str
    # As requested, or all that was granted.
    scope: str

    def redeem(self, binding: Binding, uses: Sequence[SingleUse]) -> TokenResponse:
        """Rotate the token and return its successor with new tokens; the ID token has no nonce."""
        binding.check_key(self.token.grant.dpop_jkt)
        successor = self.rotation.rotate(self.token, self.client, uses)
        return self.responses.for_resident(
            self.token.grant,
            self.client,
            self.audience,
            scope=self.scope,
            binding=binding,
            refresh_token=successor,
        )


class RefreshTokenGrant:
    """Exchanges a refresh token for its successor and new tokens."""

    name = "refresh_token"

    def __init__(self, rotation: RefreshRotation, responses: TokenResponses) -> None:
        self._rotation, self._responses = rotation, responses

    def validate(self, request: TokenRequest) -> AuthorizedRefresh:
        """Check that the token is genuine and this client's, and the requested scope and resource."""
        text = request.required("refresh_token", "Missing 'refresh_token' in request.")
        token = self._rotation.find_refresh_token(text)
        if token is None or token.grant.client_id != request.client.id:
            raise InvalidGrantError
        requested, scope = request.parameters.get("scope"), token.grant.scope
        if requested is not None:
            wanted = read_scope(requested)
            check_within(wanted, scope.split())
            scope = " ".join(wanted)
        audience = self._responses.audience(token.grant, request.parameters)
        return AuthorizedRefresh(self._rotation, self._responses, request.client, token, audience, scope)


def _is_in_grace(token: RefreshToken, current: GrantView, now: datetime) -> bool:
    is_predecessor = current.refresh_generation == token.generation + 1
    return is_predecessor and current.refreshed_at is not None and now < current.refreshed_at + REFRESH_GRACE


def _is_live(grant: GrantView, now: datetime) -> bool:
    is_used = grant.refreshed_at is not None and now < grant.refreshed_at + REFRESH_IDLE
    return is_used and now < grant.expires_at and grant.revoked_at is None and grant.stands
