"""Token exchange (RFC 8693): from a client's access token for userinfo to one for a resource.

A city's website that shows a resident's bills asks billing_link with a token of that resident. The resources
that a client may do this for are its registration's `token_exchange_resources`. The new token has at most
what the resident granted, and ends with their grant. It is impersonation without an actor: the website is
the `client_id` of the new token as it was of the old one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from authlib.oauth2.rfc6749 import InvalidRequestError, UnauthorizedClientError

from identity.clock import Clock
from identity.oidc.grant_types.base import TokenRequest
from identity.oidc.grants.store import Grants, GrantView
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.replay_store import SingleUse, spend_alone
from identity.oidc.sender_constraint.binding import Binding
from identity.oidc.tokens.access_token import AccessTokenClaims, AccessTokens
from identity.oidc.tokens.resource_indicators import ResourceIndicators
from identity.oidc.tokens.responses import TokenResponse, TokenResponses
from identity.oidc.tokens.signing import TokenRefusedError
from identity.relying_parties.clients import RegisteredClient
from identity.relying_parties.schemas import TOKEN_EXCHANGE
from identity.storage import Storage

ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a token type's name


@dataclass(frozen=True, repr=False)
class AuthorizedExchange:
    """A subject token that its client may exchange. The grant holds personal data."""

    storage: Storage
    responses: TokenResponses
    client: RegisteredClient
    subject: AccessTokenClaims
    grant: GrantView
    # How long the subject token lives from now on.
    remaining: timedelta
    audience: str
    scope: tuple[str, ...]

    def redeem(self, binding: Binding, uses: Sequence[SingleUse]) -> TokenResponse:
        """Return the new token; no refresh token (§2.2.1: the subject's own serves)."""
        if self.subject.confirmation and self.subject.confirmation != binding.confirmation:
            # An exchange does not lift a binding (RFC 9449 §7, RFC 8705 §3).
            raise InvalidRequestError("The subject_token is bound to a key or certificate not proven here.")
        spend_alone(self.storage, uses)
        response = self.responses.for_exchange(
            self.grant,
            self.client,
            self.audience,
            self.scope,
            remaining=self.remaining,
            binding=binding,
        )
        response["issued_token_type"] = ACCESS_TOKEN_TYPE
        return response


class TokenExchangeGrant:
    """Exchanges access tokens."""

    name = TOKEN_EXCHANGE

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        access_tokens: AccessTokens,
        resources: ResourceIndicators,
        responses: TokenResponses,
    ) -> None:
        self._storage, self._clock, self._access_tokens = storage, clock, access_tokens
        self._resources, self._responses = resources, responses

    def validate(self, request: TokenRequest) -> AuthorizedExchange:
        """Check the subject token, and the requested resource and scope; raises the errors of §2.2.2."""
        client, parameters = request.client, request.parameters
        if client.is_public:
            raise UnauthorizedClientError("The client is not registered for token exchange.")
        _check_types(parameters)
        named = [*parameters.all("resource"), *parameters.all("audience")]
        audience = self._resources.single_resource(
            list(dict.fromkeys(named)), client.token_exchange_resources
        )
        now = self._clock.now()
        subject = self._subject(parameters.get("subject_token") or "", client)
        with self._storage.autocommit() as connection:
            grant = Grants(connection).by_id(subject.grant_id, now)
        if grant is None or grant.revoked_at is not None or not grant.stands:
            raise InvalidRequestError("The subject_token was revoked.")
        granted = [scope for scope in grant.scope.split() if scope in client.scopes]
        scope = self._resources.narrowed_scope(audience, parameters.get("scope"), granted)
        remaining = subject.expires_at - now
        return AuthorizedExchange(
            self._storage, self._responses, client, subject, grant, remaining, audience, scope
        )

    def _subject(self, token: str, client: RegisteredClient) -> AccessTokenClaims:
        """Return what the subject token says (§2.1)."""
        try:
            subject = self._access_tokens.verify_for_userinfo(token)
        except TokenRefusedError:
            raise InvalidRequestError("The subject_token is not valid here, or is over.") from None
        if subject.client_id != client.id:
            raise InvalidRequestError("The subject_token was issued to another client.")
        return subject


def _check_types(parameters: Parameters) -> None:
    for name in ("subject_token", "subject_token_type"):
        if parameters.get(name) is None:
            raise InvalidRequestError(f"The parameter '{name}' is missing.")
    if parameters.get("subject_token_type") != ACCESS_TOKEN_TYPE:
        raise InvalidRequestError("Only access tokens can be exchanged.")
    if parameters.get("requested_token_type") not in (None, ACCESS_TOKEN_TYPE):
        raise InvalidRequestError("Only access tokens can be had in exchange.")
    if parameters.get("actor_token") is not None or parameters.get("actor_token_type") is not None:
        raise InvalidRequestError("An actor other than the subject is not supported.")
