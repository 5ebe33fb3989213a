"""How an answer travels back to the client: OAuth 2.0 Multiple Response Types §2.1, Form Post, RFC 9207."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

MODES = ("query", "fragment", "form_post")


@dataclass(frozen=True)
class Addressee:
    """Where the answer to an authorization request goes: a registered redirect URI, and nothing else ever."""

    redirect_uri: str
    # Returned as it came.
    state: str | None
    mode: str


@dataclass(frozen=True)
class ClientAnswer:
    """An answer on its way to the client."""

    addressee: Addressee
    parameters: Sequence[tuple[str, str]]

    @property
    def is_form_post(self) -> bool:
        """Whether the browser is to post it."""
        return self.addressee.mode == "form_post"

    @property
    def location(self) -> str:
        """Where to redirect the browser; a query that the redirect URI has already stays as it is."""
        uri, encoded = self.addressee.redirect_uri, urlencode(self.parameters)
        if self.addressee.mode == "fragment":
            return f"{uri}#{encoded}"
        return f"{uri}{'&' if '?' in uri else '?'}{encoded}"


def answer(addressee: Addressee, issuer: str, parameters: Sequence[tuple[str, str]]) -> ClientAnswer:
    """Return the answer with `state` and `iss`, which every answer carries, errors too."""
    state = [] if addressee.state is None else [("state", addressee.state)]
    return ClientAnswer(addressee, [*parameters, *state, ("iss", issuer)])
