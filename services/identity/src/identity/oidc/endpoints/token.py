"""The token endpoint (RFC 6749 §3.2): five phases, the same for every grant type.

Only the last one spends anything: a client that is answered by an error repeats its request as it is.
"""

from collections.abc import Iterable

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, UnauthorizedClientError
from werkzeug.wrappers import Response

from identity.oidc.client_authentication.authentication import ClientAuthentication
from identity.oidc.grant_types.base import GrantType, TokenRequest
from identity.oidc.protocol.errors import UnsupportedGrantTypeError
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.protocol.responses import error_response
from identity.oidc.sender_constraint.binding import SenderConstraints
from identity.relying_parties.clients import RegisteredClient
from identity.relying_parties.schemas import DEVICE_CODE, TOKEN_EXCHANGE
from identity.web.responses import json_response

_NOT_REGISTERED = {
    DEVICE_CODE: "The client is not registered for devices.",
    TOKEN_EXCHANGE: "The client is not registered for token exchange.",
}


class TokenEndpoint:
    """Answers `/token` for these grant types."""

    def __init__(
        self,
        client_authentication: ClientAuthentication,
        grant_types: Iterable[GrantType],
        sender_constraints: SenderConstraints,
    ) -> None:
        self._client_authentication, self._sender_constraints = client_authentication, sender_constraints
        self._grant_types = {grant_type.name: grant_type for grant_type in grant_types}

    def respond(self, request: ProtocolRequest) -> Response:
        """Return the tokens (RFC 6749 §5.1), or the error (§5.2). Nothing is spent before `redeem`."""
        try:
            # 1. Parse the form.
            request.parameters.check_form()
            grant_type = self._find_grant_type(request.parameters)
            # 2. Authenticate the client.
            authenticated = self._client_authentication.authenticate(request)
            client = authenticated.client
            # 3. Check that the client may use the grant type.
            _check_registered(client, grant_type)
            # 4. Verify the sender's proof, then read what the client presents and asks for.
            sender = self._sender_constraints.verify(request, client)
            authorized = grant_type.validate(TokenRequest(client, request.parameters))
            # 5. Spend what works once, together with the grant if all of it is the grant's; respond.
            uses = (*authenticated.single_use, *sender.single_use)
            return json_response(200, authorized.redeem(sender.binding, uses))
        except OAuth2Error as error:
            return error_response(error)

    def _find_grant_type(self, parameters: Parameters) -> GrantType:
        name = parameters.get("grant_type")
        if name is None:
            raise InvalidRequestError("The parameter 'grant_type' is missing.")
        if name not in self._grant_types:
            raise UnsupportedGrantTypeError
        return self._grant_types[name]


def _check_registered(client: RegisteredClient, grant_type: GrantType) -> None:
    if grant_type.name not in client.grant_types:
        unauthorized = f"The client is not authorized to use 'grant_type={grant_type.name}'"
        raise UnauthorizedClientError(_NOT_REGISTERED.get(grant_type.name, unauthorized))
