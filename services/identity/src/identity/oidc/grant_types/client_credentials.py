"""The client credentials grant (RFC 6749 §4.4): the client acts for itself, not for a resident.

Nothing is stored: the token is signed and short-lived, and ends with its client (RFC 9068 §2.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import UnauthorizedClientError

from identity.oidc.grant_types.base import TokenRequest
from identity.oidc.protocol.replay_store import SingleUse, spend_alone
from identity.oidc.sender_constraint.binding import Binding
from identity.oidc.tokens.resource_indicators import ResourceIndicators
from identity.oidc.tokens.responses import TokenResponse, TokenResponses
from identity.relying_parties.clients import RegisteredClient
from identity.storage import Storage


@dataclass(frozen=True)
class AuthorizedClient:
    """A client, and the token that it may have for itself."""

    storage: Storage
    responses: TokenResponses
    client: RegisteredClient
    audience: str
    scope: tuple[str, ...]

    def redeem(self, binding: Binding, uses: Sequence[SingleUse]) -> TokenResponse:
        """Return an access token: no refresh token (§4.4.3), and no ID token without a resident."""
        spend_alone(self.storage, uses)
        return self.responses.for_client(self.client, self.audience, self.scope, binding=binding)


class ClientCredentialsGrant:
    """Gives a client a token for one resource, with the part of the scope that is the resource's own."""

    name = "client_credentials"

    def __init__(self, storage: Storage, resources: ResourceIndicators, responses: TokenResponses) -> None:
        self._storage, self._resources, self._responses = storage, resources, responses

    def validate(self, request: TokenRequest) -> AuthorizedClient:
        """Check that the client is confidential, and the requested resource and scope."""
        client, parameters = request.client, request.parameters
        if client.is_public:
            # §4.4: "MUST only be used by confidential clients".
            raise UnauthorizedClientError("A public client cannot use this grant.")
        audience = self._resources.single_resource(parameters.all("resource"), client.resources)
        scope = self._resources.narrowed_scope(audience, parameters.get("scope"), sorted(client.scopes))
        return AuthorizedClient(self._storage, self._responses, client, audience, scope)
