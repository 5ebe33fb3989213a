"""The token response: which tokens a grant yields, for which audience and with what scope."""

from datetime import timedelta
from typing import TypedDict

from identity.oidc.grants.store import GrantView
from identity.oidc.protocol.lifetimes import ACCESS_TOKEN
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.sender_constraint.binding import Binding
from identity.oidc.tokens.access_token import AccessTokens
from identity.oidc.tokens.id_token import IdTokens
from identity.oidc.tokens.resource_indicators import ResourceIndicators
from identity.relying_parties.clients import RegisteredClient


class TokenResponse(TypedDict, total=False):
    """The JSON of a token response (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3). Holds secrets."""

    access_token: str
    token_type: str
    # Seconds.
    expires_in: int
    scope: str
    id_token: str
    refresh_token: str
    # Token exchange (RFC 8693 §2.2.1).
    issued_token_type: str


class TokenResponses:
    """Makes token responses."""

    def __init__(
        self, access_tokens: AccessTokens, id_tokens: IdTokens, resources: ResourceIndicators
    ) -> None:
        self._access_tokens, self._id_tokens, self._resources = access_tokens, id_tokens, resources

    def requested_resource(self, parameters: Parameters, client: RegisteredClient) -> str | None:
        """Return the one requested resource, or None; raises `InvalidTargetError` unless it is known."""
        return self._resources.requested_resource(parameters.all("resource"), client)

    def resource_to_be_granted(self, requested: str | None) -> str | None:
        """Return the requested resource if a token for it takes a grant of it; None for userinfo."""
        return self._resources.to_be_granted(requested)

    def audience(self, requested: str | None, grant: GrantView) -> str:
        """Return the audience that is requested of what was granted; raises `InvalidTargetError`."""
        return self._resources.audience(requested, grant.resources)

    def for_resident(
        self,
        grant: GrantView,
        client: RegisteredClient,
        resource: str | None,
        *,
        scope: tuple[str, ...] | None = None,
        binding: Binding,
        nonce: str | None = None,
        refresh_token: str | None,
    ) -> TokenResponse:
        """Return the tokens of a resident's grant, with the granted scope unless another is named.

        An ID token goes with `openid`.
        """
        granted = grant.scope.split() if scope is None else scope
        audience = self.audience(resource, grant)
        narrowed = self._resources.scope_at(audience, granted)
        access_token = self._access_tokens.issue(grant, client, audience, narrowed, binding=binding)
        response = _response(access_token, ACCESS_TOKEN, narrowed, binding)
        if "openid" in granted:
            response["id_token"] = self._id_tokens.issue(
                grant, client, access_token, scope=granted, nonce=nonce
            )
        if refresh_token is not None:
            response["refresh_token"] = refresh_token
        return response

    def for_client(
        self, client: RegisteredClient, audience: str, scope: tuple[str, ...], *, binding: Binding
    ) -> TokenResponse:
        """Return the access token of a client that acts for itself."""
        token = self._access_tokens.issue_to_client(client, audience, scope, binding=binding)
        return _response(token, ACCESS_TOKEN, scope, binding)

    def for_exchange(
        self,
        grant: GrantView,
        client: RegisteredClient,
        audience: str,
        scope: tuple[str, ...],
        *,
        remaining: timedelta,
        binding: Binding,
    ) -> TokenResponse:
        """Return an access token that ends no later than the exchanged one, which lives for `remaining`."""
        lifetime = min(ACCESS_TOKEN, remaining)
        token = self._access_tokens.issue(grant, client, audience, scope, binding=binding, lifetime=lifetime)
        return _response(token, lifetime, scope, binding)


def _response(
    access_token: str, lifetime: timedelta, scope: tuple[str, ...], binding: Binding
) -> TokenResponse:
    return {
        "access_token": access_token,
        "token_type": binding.token_type,
        "expires_in": int(lifetime.total_seconds()),
        "scope": " ".join(scope),
    }
