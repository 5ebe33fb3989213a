"""The authorization code grant (RFC 6749 §4.1): one code, one redemption."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from authlib.oauth2.rfc6749 import InvalidGrantError

from identity import randomness
from identity.clock import Clock
from identity.oidc.grant_types import pkce
from identity.oidc.grant_types.base import TokenRequest
from identity.oidc.grants.refresh_tokens import RefreshFamilies
from identity.oidc.grants.revocation import Cause, Revocation
from identity.oidc.grants.store import Grants, GrantView
from identity.oidc.protocol.lifetimes import ACCESS_TOKEN, REFRESH_ABSOLUTE
from identity.oidc.protocol.replay_store import SingleUse, spending
from identity.oidc.sender_constraint.binding import Binding
from identity.oidc.tokens.responses import TokenResponse, TokenResponses
from identity.relying_parties.clients import RegisteredClient
from identity.secret_keys import digest
from identity.storage import Storage

_INVALID = "Invalid 'code' in request."


class AuthorizationCodes:
    """Finds codes and claims them. A second redemption ends the grant (RFC 6749 §4.1.2, RFC 9700 §4.5)."""

    def __init__(
        self, storage: Storage, clock: Clock, revocation: Revocation, families: RefreshFamilies
    ) -> None:
        self._storage, self._clock = storage, clock
        self._revocation, self._families = revocation, families

    def find_code(self, code: str, client_id: str) -> GrantView | None:
        """Return the grant behind a code that this client may redeem now."""
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            grant = Grants(connection).by_code(digest(code), now)
        if grant is None or grant.client_id != client_id:
            return None
        if grant.code_spent_at is not None:
            self._revocation.revoke(grant, Cause.CODE_REPLAYED)
            return None
        in_time = grant.code_expires_at is not None and now < grant.code_expires_at
        return grant if in_time and grant.revoked_at is None and grant.stands else None

    def claim_code(
        self, grant: GrantView, uses: Sequence[SingleUse], *, refreshable: bool, jkt: str | None
    ) -> str | None:
        """Spend the code and `uses`, before any token is made; return the first refresh token, if any.

        From then on the refresh token works only with the DPoP key `jkt`, if there is one. Raises
        `InvalidGrantError` for all but the first of the requests that try at the same moment.
        """
        now = self._clock.now()
        seed = randomness.identifier() if refreshable else None
        ends = now + (REFRESH_ABSOLUTE if refreshable else ACCESS_TOKEN)
        with spending(self._storage, uses) as executor:
            claimed = Grants(executor).claim_code(grant.id, ends, seed, now, jkt)
        if not claimed:
            self._revoke_if_replayed(grant, now)
            raise InvalidGrantError(_INVALID)
        return None if seed is None else self._families.token(grant.id, 0, seed)

    def _revoke_if_replayed(self, grant: GrantView, now: datetime) -> None:
        """Revoke the grant of a code that another request has claimed, and not one that has just ended."""
        with self._storage.autocommit() as connection:
            current = Grants(connection).by_id(grant.id, now)
        if current and current.code_spent_at is not None:
            self._revocation.revoke(current, Cause.CODE_REPLAYED)


@dataclass(frozen=True, repr=False)
class AuthorizedCode:
    """A code, or a device's code, that its client may redeem. The grant holds personal data."""

    codes: AuthorizationCodes
    responses: TokenResponses
    client: RegisteredClient
    grant: GrantView
    audience: str

    def redeem(self, binding: Binding, uses: Sequence[SingleUse]) -> TokenResponse:
        """Claim the code and return its tokens."""
        binding.check_key(self.grant.dpop_jkt)
        refresh_token = self.codes.claim_code(
            self.grant,
            uses,
            refreshable="refresh_token" in self.client.grant_types,
            # A confidential client authenticates anyway, and may change its key (RFC 9449 §5).
            jkt=binding.jkt if self.client.is_public else None,
        )
        return self.responses.for_resident(
            self.grant,
            self.client,
            self.audience,
            binding=binding,
            nonce=self.grant.nonce,
            refresh_token=refresh_token,
        )


class AuthorizationCodeGrant:
    """Exchanges a code for tokens (§4.1.3)."""

    name = "authorization_code"

    def __init__(self, codes: AuthorizationCodes, responses: TokenResponses) -> None:
        self._codes, self._responses = codes, responses

    def validate(self, request: TokenRequest) -> AuthorizedCode:
        """Check the code, its redirect URI, its PKCE verifier and the requested resource."""
        code = request.required("code", "Missing 'code' in request.")
        grant = self._codes.find_code(code, request.client.id)
        # A device's code has no redirect URI, and a grant type of its own (RFC 8628).
        if grant is None or grant.redirect_uri is None:
            raise InvalidGrantError(_INVALID)
        if request.parameters.get("redirect_uri") != grant.redirect_uri:
            raise InvalidGrantError("Invalid 'redirect_uri' in request.")
        pkce.check_verifier(request.parameters, request.client, grant.code_challenge)
        audience = self._responses.audience(grant, request.parameters)
        return AuthorizedCode(self._codes, self._responses, request.client, grant, audience)
