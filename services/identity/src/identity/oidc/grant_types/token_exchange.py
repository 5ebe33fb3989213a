"""Token exchange (RFC 8693): from a client's access token for userinfo to one for a service behind it.

A city's website that shows a resident's bills asks billing_link with a token of that resident. Which services
a client may do this for is its registration's `token_exchange_resources`; what the resident granted is the
most that comes of it, and it dies with their grant. Impersonation without an actor: the website is the
`client_id` of the new token as it was of the old.
"""

from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from identity.clock import Clock
from identity.oidc.client_authentication.authentication import METHODS
from identity.oidc.grants.store import Grants, GrantView
from identity.oidc.protocol.binding import Binding
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.tokens.issuer import TokenRefusedError, Tokens
from identity.oidc.tokens.responses import TokenResponses
from identity.relying_parties.clients import RegisteredClient
from identity.relying_parties.schemas import TOKEN_EXCHANGE
from identity.storage import Storage

ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a token type's name


class TokenExchange:
    """Exchanges access tokens."""

    def __init__(
        self, storage: Storage, clock: Clock, tokens: Tokens, token_responses: TokenResponses
    ) -> None:
        self._storage, self._clock, self._tokens, self._token_responses = (
            storage,
            clock,
            tokens,
            token_responses,
        )

    def exchange(
        self, parameters: Parameters, client: RegisteredClient, binding: Binding
    ) -> dict[str, object]:
        """Return the response (§2.2.1); raises the errors of §2.2.2."""
        _check_types(parameters)
        resources = self._token_responses.resources
        named = [*parameters.all("resource"), *parameters.all("audience")]
        audience = resources.sole(list(dict.fromkeys(named)), client.token_exchange_resources)
        facts, remaining = self._subject(parameters.get("subject_token") or "", client, binding)
        granted = [scope for scope in facts.scope.split() if scope in client.scopes]
        scope = resources.narrowed(audience, parameters.get("scope"), granted)
        content = self._token_responses.exchanged_response(
            facts, client, audience, scope, remaining=remaining, binding=binding
        )
        return content | {"issued_token_type": ACCESS_TOKEN_TYPE}

    def _subject(self, token: str, client: RegisteredClient, binding: Binding) -> tuple[GrantView, timedelta]:
        """Return the living grant behind the token, and how long the token lives (§2.1)."""
        try:
            presented = self._tokens.read_access_token(token)
        except TokenRefusedError:
            raise InvalidRequestError("The subject_token is not valid here, or is over.") from None
        if presented.client_id != client.id:
            raise InvalidRequestError("The subject_token was issued to another client.")
        if presented.confirmation and presented.confirmation != binding.confirmation:
            # Nobody gets around a binding by an exchange (RFC 9449 §7, RFC 8705 §3).
            raise InvalidRequestError("The subject_token is bound to a key or certificate not proven here.")
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            facts = Grants(connection).by_id(presented.grant_id, now)
        if facts is None or facts.revoked_at is not None or not facts.stands:
            raise InvalidRequestError("The subject_token was revoked.")
        return facts, presented.expires_at - now


class ExchangeGrant(BaseGrant, TokenEndpointMixin):
    """The grant at the token endpoint; Authlib has none for it."""

    GRANT_TYPE = TOKEN_EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_token_request(self) -> None:
        """Check the client: a confidential one that registered the grant."""
        client: Any = self.authenticate_token_endpoint_client()
        if client.registered.is_public or not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not registered for token exchange.")
        self.request.client = client

    def create_token_response(self) -> Any:  # noqa: ANN401 - Authlib's signature
        """Return the new token; no refresh token (§2.2.1: the subject's own serves)."""
        request: Any = self.request
        content = self.server.exchange.exchange(
            request.parameters, request.client.registered, request.binding
        )
        return 200, content, self.TOKEN_RESPONSE_HEADER


def _check_types(parameters: Parameters) -> None:
    for name in ("subject_token", "subject_token_type"):
        if parameters.get(name) is None:
            raise InvalidRequestError(f"The parameter '{name}' is missing.")
    if parameters.get("subject_token_type") != ACCESS_TOKEN_TYPE:
        raise InvalidRequestError("Only access tokens can be exchanged.")
    if parameters.get("requested_token_type") not in (None, ACCESS_TOKEN_TYPE):
        raise InvalidRequestError("Only access tokens can be had in exchange.")
    if parameters.get("actor_token") is not None or parameters.get("actor_token_type") is not None:
        raise InvalidRequestError("Acting for somebody else than the subject is not supported.")
