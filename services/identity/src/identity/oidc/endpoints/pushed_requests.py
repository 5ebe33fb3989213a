"""The pushed authorization request endpoint (RFC 9126 §2), with all checks of `/authorize`."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from werkzeug.wrappers import Response

from identity.oidc.authorization.pushed_requests import LIFETIME, PushedRequests
from identity.oidc.authorization.request_resolver import RequestResolver
from identity.oidc.authorization.requests import AuthorizationRequests
from identity.oidc.client_authentication.authentication import AuthenticatedClient, ClientAuthentication
from identity.oidc.protocol.errors import UntrustedRedirectError
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.protocol.responses import error_response
from identity.oidc.sender_constraint.binding import SenderConstraints
from identity.web.responses import json_response

# Client authentication is no part of the authorization request (RFC 9126 §2.1).
_CREDENTIALS = ("client_secret", "client_assertion", "client_assertion_type")


class PushedRequestEndpoint:
    """Answers clients that push an authorization request."""

    def __init__(
        self,
        client_authentication: ClientAuthentication,
        resolver: RequestResolver,
        requests: AuthorizationRequests,
        constraints: SenderConstraints,
        pushed: PushedRequests,
    ) -> None:
        self._client_authentication = client_authentication
        self._resolver, self._requests = resolver, requests
        self._constraints, self._pushed = constraints, pushed

    def respond(self, request: ProtocolRequest) -> Response:
        """Return the `request_uri`, or the error (RFC 9126 §2.2, §2.3)."""
        try:
            request.parameters.check_form()
            authenticated = self._client_authentication.authenticate(request)
            request_uri = self._store(request, authenticated)
        except OAuth2Error as error:
            return error_response(error)
        except UntrustedRedirectError as error:
            return error_response(InvalidRequestError(error.detail))
        content = {
            "request_uri": request_uri,
            "expires_in": int(LIFETIME.total_seconds()),
        }
        return json_response(201, content)

    def _store(self, request: ProtocolRequest, authenticated: AuthenticatedClient) -> str:
        """Return the `request_uri` of a request that was checked whole before anything of it is spent."""
        client, uses = authenticated.client, authenticated.single_use
        if request.parameters.get("request_uri") is not None:
            raise InvalidRequestError("A pushed request contains no request_uri.")
        sent = request.parameters.without(*_CREDENTIALS).with_value("client_id", client.id)
        key = None if request.dpop_proof is None else self._constraints.proven_key(request, client)
        resolved = self._resolver.open_request_object(sent, client)
        parameters, uses = resolved.parameters, (*uses, *resolved.single_use)
        if key is not None:
            parameters, uses = _bound(parameters, key.jkt), (*uses, key.single_use)
        self._requests.read(parameters, self._requests.response_target(parameters))
        return self._pushed.store_request(parameters, client, uses)


def _bound(parameters: Parameters, jkt: str) -> Parameters:
    """Bind the authorization code to the key of this DPoP proof (RFC 9449 §10.1)."""
    if (parameters.get("dpop_jkt") or jkt) != jkt:
        raise InvalidRequestError("dpop_jkt is another key than that of the DPoP proof.")
    return parameters.with_value("dpop_jkt", jkt)
