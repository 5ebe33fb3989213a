"""What a grant type of the token endpoint does: it validates a request, and what it authorized is redeemed.

The two steps are two types, so that no grant can be redeemed that was not validated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from authlib.oauth2.rfc6749 import InvalidRequestError

from identity.oidc.grants.store import GrantView
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.replay_store import SingleUse
from identity.oidc.sender_constraint.binding import Binding
from identity.oidc.tokens.responses import TokenResponse
from identity.relying_parties.clients import RegisteredClient


@dataclass(frozen=True, repr=False)
class TokenRequest:
    """A request of an authenticated client that registered the grant type. Holds codes and tokens."""

    client: RegisteredClient
    parameters: Parameters

    def required(self, name: str, missing: str) -> str:
        """Return the parameter's value; raises `InvalidRequestError` with these words without one."""
        value = self.parameters.get(name)
        if value is None:
            raise InvalidRequestError(missing)
        return value


@dataclass(frozen=True, repr=False)
class Redeemed:
    """What a resident's grant yielded. Holds personal data."""

    grant: GrantView
    # Secret; None for a client without them.
    refresh_token: str | None


class Authorized(Protocol):
    """What a validated request may have. Nothing of it is spent yet, and no token is made."""

    def redeem(self, binding: Binding, uses: Sequence[SingleUse]) -> TokenResponse:
        """Spend the grant and `uses` in one transaction, then make the tokens, bound to the sender.

        The grant is spent only for what it is for: its client, its sender, what was presented with it. Raises
        `OAuth2Error`, which leaves all unspent, also for what another request spent first.
        """


class GrantType(Protocol):
    """A grant type (RFC 6749 §4)."""

    # The value of `grant_type`.
    name: str

    def validate(self, request: TokenRequest) -> Authorized:
        """Check what the request says. Raises `OAuth2Error`; a refusal spends nothing."""
