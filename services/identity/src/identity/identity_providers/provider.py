"""What the federation journey sees of a provider: two calls, one value, and a closed set of refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Refusal(StrEnum):
    """Why a sign-in through a provider did not give an identity. Closed: the page has words for each."""

    # The resident said no, or went back.
    DENIED = "denied"
    # What came back is not an answer to our question: forged, stale, spent, or of another provider.
    INVALID_ANSWER = "invalid_answer"
    # The provider does not answer, not in time, or not sensibly; or refuses this deployment's credentials.
    UNAVAILABLE = "unavailable"
    # The provider says that the resident's account there is disabled.
    DISABLED = "disabled"


class ProviderRefusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """No identity. `cause` is for the log: our own words, never the provider's, never a page's."""

    def __init__(self, refusal: Refusal, cause: str) -> None:
        super().__init__(f"{refusal.value}: {cause}")
        self.refusal = refusal
        self.cause = cause


@dataclass(frozen=True)
class Question:
    """What a provider is asked; `Expected` holds what its answer is compared with."""

    state: str
    nonce: str
    # PKCE (RFC 7636), method S256.
    code_challenge: str
    redirect_uri: str
    # BCP 47.
    language: str
    login_hint: str | None = None


@dataclass(frozen=True)
class Expected:
    """What was stored when the resident left for the provider; the answer must fit it."""

    state: str
    nonce: str
    # PKCE (RFC 7636): the secret behind the `code_challenge` that was sent.
    code_verifier: str
    redirect_uri: str


@dataclass(frozen=True)
class ProviderIdentity:
    """Who the provider says it is. The key is (issuer, subject); everything else may change or be missing."""

    issuer: str
    subject: str
    email: str | None = None
    # Only true where the provider's own documentation lets a relying party rely on it.
    email_verified: bool = False
    # Not signed by every provider: to fill in a form with, never to decide by.
    given_name: str | None = None
    family_name: str | None = None
    # BCP 47.
    locale: str | None = None
    # How the provider says it authenticated the person (RFC 8176); empty where it does not say.
    amr: tuple[str, ...] = ()
    # A relay address: mail reaches the person, but no city's records can hold it.
    is_private_email: bool = False


@dataclass(frozen=True)
class Brand:
    """The provider's button, by its published brand rules. `logo` is a path under the static folder."""

    name: str
    label: str
    logo: str


class Provider(Protocol):
    """A way to sign in. Implementations hold no state of a sign-in and may be used by many threads."""

    @property
    def key(self) -> str:
        """The sign-in method's name, as in the resident's row and in URLs: `google`."""
        ...

    @property
    def brand(self) -> Brand:
        """How the button looks."""
        ...

    def authorization_url(self, question: Question) -> str:
        """Return where to send the browser.

        Raises `ProviderRefusal` (UNAVAILABLE) where the provider's endpoints must be looked up and cannot be.
        """
        ...

    def identity_from_callback(self, params: Mapping[str, str], expected: Expected) -> ProviderIdentity:
        """Return who came back. `params` is the callback's query or form, each name once.

        Raises `ProviderRefusal`, and nothing else, for every answer that proves no identity.
        """
        ...

    def check(self) -> None:
        """Ask the provider whether it is reachable and takes our credentials; nobody is signed in by it.

        Raises `ProviderRefusal` (UNAVAILABLE) with the cause, for an operator's terminal.
        """
        ...
