"""Authlib's authorization server with our clients, our tokens, our answers, and none of its storage."""

from collections.abc import Collection, Mapping
from typing import Any

from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import InvalidRequestError, UnsupportedGrantTypeError
from werkzeug.wrappers import Response

from identity.oidc.client_authentication.authentication import ClientAuthentication
from identity.oidc.grant_types.authorization_code import CodeGrant, CodeRedemption
from identity.oidc.grant_types.client_credentials import OwnTokenGrant
from identity.oidc.grant_types.device_code import DevicePolls, PolledDeviceGrant
from identity.oidc.grant_types.pkce import S256CodeChallenge
from identity.oidc.grant_types.refresh_token import RefreshRotation, RotatingRefreshGrant
from identity.oidc.grant_types.token_exchange import ExchangeGrant, TokenExchange
from identity.oidc.protocol.client import ProtocolClient
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.protocol.responses import error_response, json_response
from identity.oidc.sender_constraint.constraints import SenderConstraints
from identity.oidc.tokens.responses import TokenResponses
from identity.relying_parties.cache import RelyingPartyCache


class ProtocolServer(AuthorizationServer):
    """The server that grants are registered with.

    A grant reaches what it needs through its server, as Authlib has it: `redemption`, `rotation`, `devices`,
    `exchange`, `token_responses`.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the composition root names each of them
        self,
        relying_parties: RelyingPartyCache,
        client_authentication: ClientAuthentication,
        redemption: CodeRedemption,
        rotation: RefreshRotation,
        devices: DevicePolls,
        exchange: TokenExchange,
        token_responses: TokenResponses,
        constraints: SenderConstraints,
    ) -> None:
        super().__init__()
        self._relying_parties = relying_parties
        self._authentication = client_authentication
        self.redemption, self.rotation, self.token_responses = redemption, rotation, token_responses
        self.devices, self.exchange = devices, exchange
        self._constraints = constraints
        self.register_grant(CodeGrant, [S256CodeChallenge()])
        self.register_grant(RotatingRefreshGrant)
        self.register_grant(OwnTokenGrant)
        self.register_grant(PolledDeviceGrant)
        self.register_grant(ExchangeGrant)

    def token_response(self, request: ProtocolRequest) -> Response:
        """Answer a request to the token endpoint (RFC 6749 §3.2): the phases that every grant shares."""
        try:
            request.parameters.check_form()
            if request.parameters.get("grant_type") is None:
                raise InvalidRequestError("The parameter 'grant_type' is missing.")
            grant: Any = self.get_token_grant(request)
            grant.validate_token_request()
            request.binding = self._constraints.of(request, grant.request.client.registered)
            _status, content, _headers = grant.create_token_response()
        except UnsupportedGrantTypeError:
            return json_response(400, {"error": "unsupported_grant_type"})
        except OAuth2Error as error:
            return error_response(error)
        return json_response(200, content)

    def query_client(self, client_id: str) -> ProtocolClient | None:  # type: ignore[override] # as Authlib uses it
        """Return the client with this id unless it is unknown or disabled."""
        registered = self._relying_parties.client(client_id)
        return ProtocolClient(registered) if registered else None

    def authenticate_client(
        self,
        request: OAuth2Request,
        methods: Collection[str],  # noqa: ARG002 - a client has one registered method
        endpoint: str = "token",
    ) -> ProtocolClient:
        """Return the client that proved itself; raises `OAuth2Error`."""
        if not isinstance(request, ProtocolRequest):
            raise TypeError("not a request of ours")
        client, method = self._authentication.authenticate(
            request.authorization_header,
            request.parameters,
            certificate=request.certificate,
            endpoint=None if endpoint == "token" else request.uri,
        )
        request.auth_method = method
        return ProtocolClient(client)

    def validate_requested_scope(self, scope: str | None) -> None:
        """Accept any scope: what the client may not have is left out (OpenID Connect Core §3.1.2.1)."""

    def save_token(self, token: Mapping[str, object], request: OAuth2Request) -> None:
        """Save nothing: the grant's row was written before anything was minted."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Send nothing: nobody listens."""
