"""The client credentials grant (RFC 6749 §4.4): a client that speaks for itself, and for no resident.

Nothing is written: the token is signed and short, and dies with its client (RFC 9068 §2.2).
"""

from typing import Any

from authlib.oauth2.rfc6749 import UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from identity.oidc.client_authentication.authentication import METHODS
from identity.relying_parties.clients import RegisteredClient


class OwnTokenGrant(ClientCredentialsGrant):
    """Authlib's checks; the token is for one resource, with the part of the scope that is its own."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def create_token_response(self) -> Any:  # noqa: ANN401 - Authlib's signature
        """Return an access token; no refresh token (§4.4.3), and no ID token, for nobody signed in."""
        request: Any = self.request
        client: RegisteredClient = request.client.registered
        if client.is_public:
            # §4.4: "MUST only be used by confidential clients".
            raise UnauthorizedClientError("A public client cannot use this grant.")
        resources = self.server.token_responses.resources
        audience = resources.sole(request.parameters.all("resource"), client.resources)
        scope = resources.narrowed(audience, request.payload.scope, sorted(client.scopes))
        content = self.server.token_responses.client_response(
            client, audience, scope, binding=request.binding
        )
        return 200, content, self.TOKEN_RESPONSE_HEADER
