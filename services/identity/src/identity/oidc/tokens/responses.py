"""The token response: which tokens a grant yields, for whom and with what scope."""

from datetime import timedelta

from identity.oidc.grants.store import GrantView
from identity.oidc.protocol.binding import Binding
from identity.oidc.protocol.lifetimes import ACCESS_TOKEN
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.tokens.issuer import Tokens
from identity.oidc.tokens.resource_indicators import ResourceIndicators
from identity.relying_parties.clients import RegisteredClient


class TokenResponses:
    """Makes token responses (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3)."""

    def __init__(self, tokens: Tokens, resources: ResourceIndicators) -> None:
        self._tokens, self.resources = tokens, resources

    def audience(self, facts: GrantView, parameters: Parameters) -> str:
        """Return whom the access token is for; raises `InvalidTargetError` before anything is spent."""
        audience = self.resources.audience(parameters.all("resource"), facts.resources)
        self.resources.scope_at(audience, ())
        return audience

    def client_response(
        self, client: RegisteredClient, audience: str, scope: tuple[str, ...], *, binding: Binding
    ) -> dict[str, object]:
        """Return the response for a client that speaks for itself: an access token and nothing else."""
        token = self._tokens.client_access_token(client, audience, scope, confirmation=binding.confirmation)
        return _bearer(token, ACCESS_TOKEN, scope, binding)

    def exchanged_response(
        self,
        facts: GrantView,
        client: RegisteredClient,
        audience: str,
        scope: tuple[str, ...],
        *,
        remaining: timedelta,
        binding: Binding,
    ) -> dict[str, object]:
        """Return the response to an exchange: a token that ends no later than the one it was made from."""
        lifetime = min(ACCESS_TOKEN, remaining)
        token = self._tokens.access_token(
            facts, client, audience, scope, confirmation=binding.confirmation, lifetime=lifetime
        )
        return _bearer(token, lifetime, scope, binding)

    def response(
        self,
        facts: GrantView,
        client: RegisteredClient,
        audience: str,
        scope: str,
        *,
        nonce: str | None,
        binding: Binding,
    ) -> dict[str, object]:
        """Return the response without a refresh token; an ID token goes with `openid`."""
        granted = scope.split()
        narrowed = self.resources.scope_at(audience, granted)
        access_token = self._tokens.access_token(
            facts, client, audience, narrowed, confirmation=binding.confirmation
        )
        content = _bearer(access_token, ACCESS_TOKEN, narrowed, binding)
        if "openid" in granted:
            content["id_token"] = self._tokens.id_token(facts, client, access_token, nonce)
        return content


def _bearer(
    access_token: str, lifetime: timedelta, scope: tuple[str, ...], binding: Binding
) -> dict[str, object]:
    return {
        "access_token": access_token,
        "token_type": binding.token_type,
        "expires_in": int(lifetime.total_seconds()),
        "scope": " ".join(scope),
    }
