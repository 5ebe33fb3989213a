"""The revocation endpoint (RFC 7009): a client revokes a token, and the token's grant ends.

A grant is one sign-in at one client, so all tokens issued on it end together: the refresh token, and the
access tokens at userinfo and at introspection (§2.1). A resource that verifies access tokens offline accepts
them until they expire, within minutes.
"""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from werkzeug.wrappers import Response

from identity.clock import Clock
from identity.oidc.client_authentication.authentication import ClientAuthentication
from identity.oidc.grant_types.refresh_token import RefreshRotation
from identity.oidc.grants.revocation import Cause, Revocation
from identity.oidc.grants.store import Grants, StoredGrant
from identity.oidc.protocol.errors import UnsupportedTokenTypeError
from identity.oidc.protocol.replay_store import spend_alone
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.protocol.responses import error_response
from identity.oidc.tokens.access_token import AccessTokens
from identity.oidc.tokens.signing import TokenRefusedError
from identity.storage import Storage
from identity.web.responses import json_response


class TokenRevocation:
    """Answers the revocation endpoint."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        client_authentication: ClientAuthentication,
        access_tokens: AccessTokens,
        rotation: RefreshRotation,
        revocation: Revocation,
    ) -> None:
        self._storage, self._clock = storage, clock
        self._client_authentication, self._access_tokens = client_authentication, access_tokens
        self._rotation, self._revocation = rotation, revocation

    def respond(self, request: ProtocolRequest) -> Response:
        """Revoke the token's grant. For an unknown or ended one the response is the same (§2.2)."""
        try:
            request.parameters.check_form()
            authenticated = self._client_authentication.authenticate(request)
            token = request.parameters.get("token")
            if token is None:
                raise InvalidRequestError("The parameter 'token' is missing.")
            grant, uses = self._grant_behind(token, authenticated.client.id), authenticated.single_use
            if grant is None:
                spend_alone(self._storage, uses)
            else:
                self._revocation.revoke(grant, Cause.REVOKED_BY_CLIENT, uses)
        except OAuth2Error as error:
            return error_response(error)
        return json_response(200, {})

    def _grant_behind(self, text: str, client_id: str) -> StoredGrant | None:
        """Return the grant of a token. No hint is needed: the token's form shows its type (§2.1)."""
        if presented := self._rotation.parse(text):
            token = self._rotation.find_refresh_token(presented)
            owner, grant = (token.grant.client_id, token.grant) if token else (client_id, None)
        else:
            owner, grant = self._grant_of_access_token(text, client_id)
        if owner != client_id:
            # §2.1: "the request is refused and the client is informed of the error".
            raise InvalidGrantError("The token was issued to another client.")
        return grant

    def _grant_of_access_token(self, text: str, client_id: str) -> tuple[str, StoredGrant | None]:
        try:
            content = self._access_tokens.verify(text)
        except TokenRefusedError:
            return client_id, None
        owner, grant_id = str(content.get("client_id")), content.get("grant")
        if owner != client_id:
            return owner, None
        if grant_id is None:
            raise UnsupportedTokenTypeError
        with self._storage.autocommit() as connection:
            return owner, Grants(connection).by_id(str(grant_id), self._clock.now())
