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
from identity.oidc.grant_types.base import Redeemed, TokenRequest
from identity.oidc.grants.redemption_store import Redemptions, Rotation
from identity.oidc.grants.refresh_tokens import ParsedRefreshToken, RefreshFamilies
from identity.oidc.grants.revocation import Cause, Revocation
from identity.oidc.grants.store import Grants, StoredGrant
from identity.oidc.protocol.lifetimes import REFRESH_GRACE, REFRESH_IDLE
from identity.oidc.protocol.replay_store import SingleUse, claim_with, spend_alone
from identity.oidc.protocol.scopes import check_within, read_scope
from identity.oidc.sender_constraint.binding import Binding
from identity.oidc.tokens.responses import TokenResponse, TokenResponses
from identity.relying_parties.clients import RegisteredClient
from identity.storage import Storage


@dataclass(frozen=True, repr=False)
class RefreshToken:
    """A genuine refresh token, current or not. The grant holds personal data."""

    grant: StoredGrant
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

    def parse(self, text: str) -> ParsedRefreshToken | None:
        """Return the parts of a refresh token; no other token of this issuer has its form."""
        return self._families.parse(text)

    def remembered_seed(self, presented: ParsedRefreshToken) -> str | None:
        """Return the seed with which the token is genuine, without a statement; None if it is forgotten."""
        return self._families.remembered_seed(presented)

    def find_refresh_token(self, presented: ParsedRefreshToken) -> RefreshToken | None:
        """Return the token if it is genuine, current or not."""
        with self._storage.autocommit() as connection:
            grant = Grants(connection).by_id(presented.grant_id, self._clock.now())
        if grant is None or grant.refresh_seed is None:
            return None
        if not self._families.is_genuine(presented, grant.refresh_seed):
            return None
        self._families.remember(grant.id, grant.refresh_seed)
        return RefreshToken(grant, presented.generation, grant.refresh_seed)

    def is_usable(self, token: RefreshToken) -> bool:
        """Tell whether the token may be used now: the current one, or for 30 seconds its predecessor."""
        now = self._clock.now()
        is_current = token.grant.refresh_generation == token.generation
        return _is_live(token.grant, now) and (is_current or _is_in_grace(token, now))

    def rotate(self, rotation: Rotation, uses: Sequence[SingleUse]) -> Redeemed | None:
        """Replace a genuine token and spend `uses`.

        None, and nothing is spent, where it is not the current one, is over, or something that was presented
        with it is not the grant's.
        """
        now = self._clock.now()
        grant = claim_with(self._storage, uses, lambda executor: Redemptions(executor).rotate(rotation, now))
        if grant is None:
            return None
        return Redeemed(grant, self._families.token(grant.id, rotation.next_generation, rotation.seed))

    def repeat(self, token: RefreshToken, uses: Sequence[SingleUse]) -> Redeemed:
        """Return the successor of a token that was replaced seconds ago, and spend `uses`.

        Raises `InvalidGrantError` for one that is over, and for a replay, which revokes the grant.
        """
        now = self._clock.now()
        if not _is_live(token.grant, now) or token.grant.refresh_generation == token.generation:
            raise InvalidGrantError("The refresh token is over or was revoked.")
        if not _is_in_grace(token, now):
            self._revocation.revoke(token.grant, Cause.REFRESH_REPLAYED)
            raise InvalidGrantError("The refresh token was used before.")
        spend_alone(self._storage, uses)
        return Redeemed(token.grant, self._families.token(token.grant.id, token.generation + 1, token.seed))


@dataclass(frozen=True, repr=False)
class PresentedRefreshToken:
    """A refresh token, and what a client asks for with it."""

    rotation: RefreshRotation
    responses: TokenResponses
    client: RegisteredClient
    token: ParsedRefreshToken
    # Each None: for what was granted.
    scope: tuple[str, ...] | None
    resource: str | None

    def redeem(self, binding: Binding, uses: Sequence[SingleUse]) -> TokenResponse:
        """Rotate the token and return its successor with new tokens; the ID token has no nonce."""
        seed = self.rotation.remembered_seed(self.token)
        if seed is None or self.scope is not None:
            seed = self._read(binding).seed
        redeemed = self.rotation.rotate(self._rotation(seed, binding), uses)
        if redeemed is None:
            redeemed = self.rotation.repeat(self._read(binding), uses)
        return self.responses.for_resident(
            redeemed.grant,
            self.client,
            self.resource,
            scope=self.scope,
            binding=binding,
            refresh_token=redeemed.refresh_token,
        )

    def _rotation(self, seed: str, binding: Binding) -> Rotation:
        return Rotation(
            grant_id=self.token.grant_id,
            client_id=self.client.id,
            seed=seed,
            generation=self.token.generation,
            next_generation=self.token.generation + (0 if self.client.follows_fapi2 else 1),
            resource=self.responses.resource_to_be_granted(self.resource),
            proven_jkt=binding.jkt,
        )

    def _read(self, binding: Binding) -> RefreshToken:
        """Return the token as it is stored; raises `OAuth2Error` unless all that was presented fits it."""
        token = self.rotation.find_refresh_token(self.token)
        if token is None or token.grant.client_id != self.client.id:
            raise InvalidGrantError
        if self.scope is not None:
            check_within(self.scope, token.grant.scope.split())
        self.responses.audience(self.resource, token.grant)
        binding.check_key(token.grant.dpop_jkt)
        return token


class RefreshTokenGrant:
    """Exchanges a refresh token for its successor and new tokens."""

    name = "refresh_token"

    def __init__(self, rotation: RefreshRotation, responses: TokenResponses) -> None:
        self._rotation, self._responses = rotation, responses

    def validate(self, request: TokenRequest) -> PresentedRefreshToken:
        """Read the token, the requested scope and the requested resource."""
        token = self._rotation.parse(request.required("refresh_token", "Missing 'refresh_token' in request."))
        if token is None:
            raise InvalidGrantError
        scope = request.parameters.get("scope")
        return PresentedRefreshToken(
            self._rotation,
            self._responses,
            request.client,
            token,
            None if scope is None else read_scope(scope),
            self._responses.requested_resource(request.parameters, request.client),
        )


def _is_in_grace(token: RefreshToken, now: datetime) -> bool:
    grant = token.grant
    is_predecessor = grant.refresh_generation == token.generation + 1
    return is_predecessor and grant.refreshed_at is not None and now < grant.refreshed_at + REFRESH_GRACE


def _is_live(grant: StoredGrant, now: datetime) -> bool:
    is_used = grant.refreshed_at is not None and now < grant.refreshed_at + REFRESH_IDLE
    return is_used and now < grant.expires_at and grant.revoked_at is None and grant.stands
