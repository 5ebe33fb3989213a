"""The token response: which tokens a grant yields, for whom and with what scope."""

from datetime import timedelta

from identity.oidc.lifetimes import ACCESS_TOKEN
from identity.oidc.parameters import Parameters
from identity.oidc.resource_indicators import ResourceIndicators
from identity.oidc.store import GrantFacts
from identity.oidc.tokens import Tokens
from identity.relying_parties.registered import RegisteredClient


class Minting:
    """Makes token responses (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3)."""

    def __init__(self, tokens: Tokens, resources: ResourceIndicators) -> None:
        self._tokens, self.resources = tokens, resources

    def audience(self, facts: GrantFacts, parameters: Parameters) -> str:
        """Return whom the access token is for; raises `InvalidTargetError` before anything is spent."""
        audience = self.resources.audience(parameters.all("resource"), facts.resources)
        self.resources.scope_at(audience, ())
        return audience

    def client_response(
        self, client: RegisteredClient, audience: str, scope: tuple[str, ...]
    ) -> dict[str, object]:
        """Return the response for a client that speaks for itself: an access token and nothing else."""
        return _bearer(self._tokens.client_access_token(client, audience, scope), ACCESS_TOKEN, scope)

    def exchanged_response(
        self,
        facts: GrantFacts,
        client: RegisteredClient,
        audience: str,
        scope: tuple[str, ...],
        remaining: timedelta,
    ) -> dict[str, object]:
        """Return the response to an exchange: a token that ends no later than the one it was made from."""
        lifetime = min(ACCESS_TOKEN, remaining)
        token = self._tokens.access_token(facts, client, audience, scope, lifetime=lifetime)
        return _bearer(token, lifetime, scope)

    def response(
        self,
        facts: GrantFacts,
        client: RegisteredClient,
        audience: str,
        scope: str,
        *,
        nonce: str | None,
    ) -> dict[str, object]:
        """Return the response without a refresh token; an ID token goes with `openid`."""
        granted = scope.split()
        narrowed = self.resources.scope_at(audience, granted)
        access_token = self._tokens.access_token(facts, client, audience, narrowed)
        content = _bearer(access_token, ACCESS_TOKEN, narrowed)
        if "openid" in granted:
            content["id_token"] = self._tokens.id_token(facts, client, access_token, nonce)
        return content


def _bearer(access_token: str, lifetime: timedelta, scope: tuple[str, ...]) -> dict[str, object]:
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": int(lifetime.total_seconds()),
        "scope": " ".join(scope),
    }
