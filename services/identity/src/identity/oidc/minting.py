"""The token response: which tokens a grant yields, for whom and with what scope."""

from identity.oidc.lifetimes import ACCESS_TOKEN
from identity.oidc.parameters import Parameters
from identity.oidc.resource_indicators import ResourceIndicators
from identity.oidc.store import GrantFacts
from identity.oidc.tokens import Tokens
from identity.relying_parties.registered import RegisteredClient


class Minting:
    """Makes token responses (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3)."""

    def __init__(self, tokens: Tokens, resources: ResourceIndicators) -> None:
        self._tokens, self._resources = tokens, resources

    def audience(self, facts: GrantFacts, parameters: Parameters) -> str:
        """Return whom the access token is for; raises `InvalidTargetError` before anything is spent."""
        audience = self._resources.audience(parameters.all("resource"), facts.resources)
        self._resources.scope_at(audience, ())
        return audience

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
        narrowed = self._resources.scope_at(audience, granted)
        access_token = self._tokens.access_token(facts, client, audience, narrowed)
        content: dict[str, object] = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(ACCESS_TOKEN.total_seconds()),
            "scope": " ".join(narrowed),
        }
        if "openid" in granted:
            content["id_token"] = self._tokens.id_token(facts, client, access_token, nonce)
        return content
