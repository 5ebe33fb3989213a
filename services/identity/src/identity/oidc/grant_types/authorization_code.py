"""The authorization code grant (RFC 6749 §4.1): one code, one redemption."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from authlib.oauth2.rfc6749 import InvalidGrantError

from identity import randomness
from identity.clock import Clock
from identity.oidc.grant_types import pkce
from identity.oidc.grant_types.base import Redeemed, TokenRequest
from identity.oidc.grants.redemption_store import CodeClaim, Redemptions
from identity.oidc.grants.refresh_tokens import RefreshFamilies
from identity.oidc.grants.revocation import Cause, Revocation
from identity.oidc.grants.store import Grants, StoredGrant
from identity.oidc.protocol.lifetimes import ACCESS_TOKEN, REFRESH_ABSOLUTE
from identity.oidc.protocol.replay_store import SingleUse, claim_with
from identity.oidc.sender_constraint.binding import Binding
from identity.oidc.tokens.responses import TokenResponse, TokenResponses
from identity.secret_keys import digest
from identity.storage import Storage

_INVALID = "Invalid 'code' in request."


class AuthorizationCodes:
    """Claims codes. A second redemption ends the grant (RFC 6749 §4.1.2, RFC 9700 §4.5)."""

    def __init__(
        self, storage: Storage, clock: Clock, revocation: Revocation, families: RefreshFamilies
    ) -> None:
        self._storage, self._clock = storage, clock
        self._revocation, self._families = revocation, families

    def claim_code(
        self, claim: CodeClaim, uses: Sequence[SingleUse], *, refreshable: bool
    ) -> Redeemed | None:
        """Spend the code and `uses`, before any token is made.

        None, and nothing is spent, where something that was presented is not the grant's, or another request
        came first.
        """
        now = self._clock.now()
        seed = randomness.identifier() if refreshable else None
        ends = now + (REFRESH_ABSOLUTE if refreshable else ACCESS_TOKEN)
        grant = claim_with(
            self._storage, uses, lambda executor: Redemptions(executor).claim_code(claim, ends, seed, now)
        )
        if grant is None:
            return None
        return Redeemed(grant, None if seed is None else self._families.begin(grant.id, seed))

    def find_code(self, code: str, client_id: str) -> StoredGrant | None:
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


@dataclass(frozen=True, repr=False)
class PresentedCode:
    """A code, or a device's code, and what it is presented with."""

    codes: AuthorizationCodes
    responses: TokenResponses
    request: TokenRequest
    # Secret.
    text: str
    # None for a device's code, as the challenge is.
    redirect_uri: str | None
    challenge: str | None
    # What the token is asked for; None: for what was granted.
    resource: str | None

    def redeem(self, binding: Binding, uses: Sequence[SingleUse]) -> TokenResponse:
        """Claim the code and return its tokens."""
        client = self.request.client
        redeemed = self.codes.claim_code(
            self._claim(binding), uses, refreshable="refresh_token" in client.grant_types
        )
        if redeemed is None:
            self._refuse(binding)
        return self.responses.for_resident(
            redeemed.grant,
            client,
            self.resource,
            binding=binding,
            nonce=redeemed.grant.nonce,
            refresh_token=redeemed.refresh_token,
        )

    def _claim(self, binding: Binding) -> CodeClaim:
        client = self.request.client
        return CodeClaim(
            code_digest=digest(self.text),
            client_id=client.id,
            redirect_uri=self.redirect_uri,
            code_challenge=self.challenge,
            resource=self.responses.resource_to_be_granted(self.resource),
            proven_jkt=binding.jkt,
            # A confidential client authenticates anyway, and may change its key (RFC 9449 §5).
            bound_jkt=binding.jkt if client.is_public else None,
        )

    def _refuse(self, binding: Binding) -> NoReturn:
        """Raise why the code was not claimed; one that was redeemed before is a replay."""
        grant = self.codes.find_code(self.text, self.request.client.id)
        if grant is None or (grant.redirect_uri is None) != (self.redirect_uri is None):
            raise InvalidGrantError(_INVALID)
        if grant.redirect_uri != self.redirect_uri:
            raise InvalidGrantError("Invalid 'redirect_uri' in request.")
        if grant.code_challenge != self.challenge:
            pkce.check_verifier(self.request.parameters, self.request.client, grant.code_challenge)
        self.responses.audience(self.resource, grant)
        binding.check_key(grant.dpop_jkt)
        # Only now did another request claim it, or end what it stands on.
        raise InvalidGrantError(_INVALID)


class AuthorizationCodeGrant:
    """Exchanges a code for tokens (§4.1.3)."""

    name = "authorization_code"

    def __init__(self, codes: AuthorizationCodes, responses: TokenResponses) -> None:
        self._codes, self._responses = codes, responses

    def validate(self, request: TokenRequest) -> PresentedCode:
        """Read the code, its redirect URI, its PKCE verifier and the requested resource."""
        return PresentedCode(
            self._codes,
            self._responses,
            request,
            request.required("code", "Missing 'code' in request."),
            request.parameters.get("redirect_uri") or "",
            pkce.presented_challenge(request.parameters, request.client),
            self._responses.requested_resource(request.parameters, request.client),
        )
