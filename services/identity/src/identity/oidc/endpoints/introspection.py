"""The introspection endpoint (RFC 7662): whether a token is active, and what it says.

A client may ask about its own tokens, a resource about those whose audience it is. Every other token is
answered alike: not active (§2.2, §4).
"""

from collections.abc import Mapping

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from werkzeug.wrappers import Response

from identity.clock import Clock
from identity.oidc.client_authentication.authentication import ClientAuthentication
from identity.oidc.grant_types.refresh_token import RefreshRotation
from identity.oidc.grants.store import Grants
from identity.oidc.protocol.errors import ClientRefusedError
from identity.oidc.protocol.lifetimes import REFRESH_IDLE
from identity.oidc.protocol.replay_store import SingleUse, spend_alone
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.protocol.responses import error_response
from identity.oidc.sender_constraint.binding import confirmation_in, token_type
from identity.oidc.tokens.access_token import AccessTokens
from identity.oidc.tokens.signing import TokenRefusedError
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient, RegisteredResource
from identity.storage import Storage
from identity.web.resource_authentication import NotAuthenticated, ResourceAuthentication
from identity.web.responses import json_response

Caller = RegisteredClient | RegisteredResource
_INACTIVE: dict[str, object] = {"active": False}
# The claims of an access token that are returned; a resident's personal data is at userinfo alone.
_RETURNED = (
    *("iss", "sub", "aud", "client_id", "iat", "exp", "jti"),
    *("scope", "sid", "auth_time", "acr", "amr", "cnf"),
)


class Introspection:
    """Answers the introspection endpoint."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        relying_parties: RelyingPartyCache,
        resources: ResourceAuthentication,
        client_authentication: ClientAuthentication,
        access_tokens: AccessTokens,
        rotation: RefreshRotation,
        issuer: str,
    ) -> None:
        self._storage, self._clock, self._relying_parties = storage, clock, relying_parties
        self._resources, self._client_authentication = resources, client_authentication
        self._access_tokens, self._rotation, self._issuer = access_tokens, rotation, issuer

    def respond(self, request: ProtocolRequest) -> Response:
        """Return whether the token is active. No hint is needed: the token's form shows its type (§2.1)."""
        try:
            request.parameters.check_form()
            caller, uses = self._authenticate(request)
            token = request.parameters.get("token")
            if token is None:
                raise InvalidRequestError("The parameter 'token' is missing.")
            spend_alone(self._storage, uses)
        except OAuth2Error as error:
            return error_response(error)
        return json_response(
            200, self._describe_refresh_token(token, caller) or self._describe(token, caller)
        )

    def _authenticate(self, request: ProtocolRequest) -> tuple[Caller, tuple[SingleUse, ...]]:
        """Return who asks, and what they proved it with, if that works once."""
        resource = self._resources.authenticate(request.authorization_header)
        if isinstance(resource, RegisteredResource):
            return resource, ()
        if resource is NotAuthenticated.WRONG_SECRET:
            raise ClientRefusedError("The resource's secret is wrong.")
        # §2.1 requires authentication, against token scanning: a public client has none.
        authenticated = self._client_authentication.authenticate(request)
        if authenticated.client.is_public:
            raise ClientRefusedError("A public client cannot ask for this.")
        return authenticated.client, authenticated.single_use

    def _describe(self, token: str, caller: Caller) -> dict[str, object]:
        try:
            content = self._access_tokens.verify(token)
        except TokenRefusedError:
            return _INACTIVE
        concerned = "client_id" if isinstance(caller, RegisteredClient) else "aud"
        if content.get(concerned) != caller.id or not self._is_active(content):
            return _INACTIVE
        returned = {name: content[name] for name in _RETURNED if name in content}
        if isinstance(caller, RegisteredClient) and "grant" in content and content["aud"] != self._issuer:
            # Resources know the resident by the public `sub`, a pairwise client by its own.
            returned["sub"] = caller.subject_of(str(content["sub"]))
        return {"active": True, "token_type": token_type(confirmation_in(content))} | returned

    def _is_active(self, content: Mapping[str, object]) -> bool:
        client_id, grant_id = str(content.get("client_id")), content.get("grant")
        if self._relying_parties.client(client_id) is None:
            return False
        if grant_id is None:
            # A client's own token (RFC 6749 §4.4): it stands on nothing but its client.
            return content.get("sub") == client_id
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            return Grants(connection).is_alive(str(grant_id), now)

    def _describe_refresh_token(self, text: str, caller: Caller) -> dict[str, object] | None:
        """Return None for what does not even look like one of ours."""
        presented = self._rotation.parse(text)
        if presented is None:
            return None
        token = self._rotation.find_refresh_token(presented)
        # A resource is never concerned: a refresh token is not for it.
        if token is None or not isinstance(caller, RegisteredClient) or token.grant.client_id != caller.id:
            return _INACTIVE
        if not self._rotation.is_usable(token):
            return _INACTIVE
        grant = token.grant
        issued = grant.refreshed_at or grant.created_at
        return {
            "active": True,
            "iss": self._issuer,
            "sub": caller.subject_of(grant.resident_id),
            "client_id": grant.client_id,
            "scope": grant.scope,
            "iat": int(issued.timestamp()),
            "exp": int(min(issued + REFRESH_IDLE, grant.expires_at).timestamp()),
            "sid": grant.session_id,
        }
