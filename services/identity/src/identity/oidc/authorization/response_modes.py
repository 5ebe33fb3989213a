"""The authorization response and its modes (OAuth 2.0 Multiple Response Types §2.1, Form Post, RFC 9207)."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

from identity.relying_parties.clients import RegisteredClient

MODES = ("query", "fragment", "form_post")


@dataclass(frozen=True)
class ResponseTarget:
    """Where the authorization response goes: a redirect URI that the client registered."""

    client: RegisteredClient
    redirect_uri: str
    # Returned unchanged.
    state: str | None
    mode: str


@dataclass(frozen=True)
class AuthorizationResponse:
    """A code or an error for the client. The parameters may hold a secret, the code."""

    target: ResponseTarget
    parameters: Sequence[tuple[str, str]]

    @property
    def is_form_post(self) -> bool:
        """Whether the browser posts it."""
        return self.target.mode == "form_post"

    @property
    def location(self) -> str:
        """The address to redirect the browser to; a query of the redirect URI stays as it is."""
        uri = self.target.redirect_uri
        # The specifications' names need no escape.
        encoded = "&".join(f"{name}={quote_plus(value)}" for name, value in self.parameters)
        if self.target.mode == "fragment":
            return f"{uri}#{encoded}"
        return f"{uri}{'&' if '?' in uri else '?'}{encoded}"


def authorization_response(
    target: ResponseTarget, issuer: str, parameters: Sequence[tuple[str, str]]
) -> AuthorizationResponse:
    """Return the response with `state` and `iss`, which errors have too (RFC 9207 §2)."""
    state = [] if target.state is None else [("state", target.state)]
    return AuthorizationResponse(target, [*parameters, *state, ("iss", issuer)])
