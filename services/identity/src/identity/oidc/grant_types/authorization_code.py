"""The authorization code grant (RFC 6749 §4.1): one code, one redemption."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from identity import randomness
from identity.clock import Clock
from identity.oidc.client_authentication.authentication import METHODS
from identity.oidc.grants.refresh_tokens import RefreshFamilies
from identity.oidc.grants.revocation import Cause, Revocation
from identity.oidc.grants.store import Grants, GrantView
from identity.oidc.protocol.lifetimes import ACCESS_TOKEN, REFRESH_ABSOLUTE
from identity.relying_parties.clients import RegisteredClient
from identity.secret_keys import digest
from identity.storage import Storage


class CodeRedemption:
    """Looks codes up and claims them. A second redemption ends the grant (RFC 6749 §4.1.2, RFC 9700 §4.5)."""

    def __init__(
        self, storage: Storage, clock: Clock, revocation: Revocation, families: RefreshFamilies
    ) -> None:
        self._storage, self._clock = storage, clock
        self._revocation, self._families = revocation, families

    def look(self, code: str, client_id: str) -> GrantView | None:
        """Return the grant behind a code that this client may redeem now."""
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            facts = Grants(connection).by_code(digest(code), now)
        if facts is None or facts.client_id != client_id:
            return None
        if facts.code_spent_at is not None:
            self._revocation.revoke(facts, Cause.CODE_REPLAYED)
            return None
        in_time = facts.code_expires_at is not None and now < facts.code_expires_at
        return facts if in_time and facts.revoked_at is None and facts.stands else None

    def claim(self, facts: GrantView, *, refreshable: bool, jkt: str | None) -> str | None:
        """Spend the code, before anything is minted; return the first refresh token if there is to be one.

        From then on the refresh token works only with the DPoP key `jkt`, if there is one.
        Raises `InvalidGrantError` for everyone but the first of those who try at the same moment.
        """
        now = self._clock.now()
        seed = randomness.identifier() if refreshable else None
        ends = now + (REFRESH_ABSOLUTE if refreshable else ACCESS_TOKEN)
        with self._storage.autocommit() as connection:
            claimed = Grants(connection).spend_code(facts.id, ends, seed, now, jkt)
        if not claimed:
            self._revocation.revoke(facts, Cause.CODE_REPLAYED)
            raise InvalidGrantError("Invalid 'code' in request.")
        return None if seed is None else self._families.token(facts.id, 0, seed)


class PresentedCode:
    """A code that may be redeemed, as Authlib's checks want to ask it."""

    def __init__(self, facts: GrantView) -> None:
        self.facts = facts
        self.code_challenge = facts.code_challenge

    def get_redirect_uri(self) -> str | None:
        """Return the redirect URI that the code is bound to."""
        return self.facts.redirect_uri


class CodeGrant(AuthorizationCodeGrant):
    """Authlib's checks in their order; the code is claimed after all of them, and before tokens are made."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def query_authorization_code(self, code: str, client: Any) -> PresentedCode | None:  # noqa: ANN401 - Authlib's signature
        """Return the code if this client may redeem it."""
        facts = self.server.redemption.look(code, client.registered.id)
        # A device's code has no redirect URI, and a grant of its own (RFC 8628).
        return PresentedCode(facts) if facts and facts.redirect_uri else None

    def create_token_response(self) -> Any:  # noqa: ANN401 - Authlib's signature
        """Claim the code and return the tokens."""
        request: Any = self.request
        content = redeemed(self.server, request, request.authorization_code.facts)
        return 200, content, self.TOKEN_RESPONSE_HEADER


def redeemed(server: Any, request: Any, facts: GrantView) -> dict[str, object]:  # noqa: ANN401 - as a grant has them
    """Claim a code, or a device's code, and return the tokens."""
    client: RegisteredClient = request.client.registered
    audience = server.token_responses.audience(facts, request.parameters)
    refreshable = "refresh_token" in client.grant_types
    request.binding.check_code(facts.dpop_jkt)
    # A confidential client proves itself anyhow, and may change its key (RFC 9449 §5).
    jkt = request.binding.jkt if client.is_public else None
    refresh_token = server.redemption.claim(facts, refreshable=refreshable, jkt=jkt)
    content: dict[str, object] = server.token_responses.response(
        facts, client, audience, facts.scope, nonce=facts.nonce, binding=request.binding
    )
    return content if refresh_token is None else content | {"refresh_token": refresh_token}
