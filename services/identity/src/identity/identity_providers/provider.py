"""The interface of a provider: two calls, the identity they lead to, and a closed set of refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Refusal(StrEnum):
    """Why a sign-in through a provider gave no identity. Closed: the page has a text for each."""

    # The resident refused consent, or cancelled.
    DENIED = "denied"
    # The response does not fit the request: forged, expired, used, or of another provider.
    INVALID_ANSWER = "invalid_answer"
    # The provider does not respond, is too slow, responds with nonsense, or refuses our credentials.
    UNAVAILABLE = "unavailable"
    # The provider says that the resident's account there is disabled.
    DISABLED = "disabled"


class ProviderRefusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """There is no identity. `cause` is for the log, and quotes nothing of the provider."""

    def __init__(self, refusal: Refusal, cause: str) -> None:
        super().__init__(f"{refusal.value}: {cause}")
        self.refusal = refusal
        self.cause = cause


@dataclass(frozen=True)
class AuthenticationRequest:
    """What a provider is asked for; `ExpectedResponse` is what its response is compared with.

    It holds secrets: nonce, code verifier.
    """

    state: str
    nonce: str = field(repr=False)
    # PKCE (RFC 7636): its S256 challenge is sent.
    code_verifier: str = field(repr=False)
    redirect_uri: str
    # BCP 47.
    language: str
    login_hint: str | None = None


@dataclass(frozen=True)
class ExpectedResponse:
    """What was stored when the resident was sent to the provider. It holds secrets."""

    state: str
    nonce: str = field(repr=False)
    # PKCE (RFC 7636): the secret of the `code_challenge` that was sent.
    code_verifier: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True)
class ProviderIdentity:
    """The person who signed in, as the provider says; personal data.

    The key is (issuer, subject); everything else may change or be missing.
    """

    issuer: str
    subject: str
    email: str | None = None
    # True only if the provider documents that a relying party can rely on it.
    email_verified: bool = False
    # Not every provider signs them: they fill in a form, and decide nothing.
    given_name: str | None = None
    family_name: str | None = None
    # BCP 47.
    locale: str | None = None
    # How the provider authenticated the person (RFC 8176); empty if it does not say.
    amr: tuple[str, ...] = ()
    # A relay address: it forwards mail to the person, but is in no city's records.
    is_private_email: bool = False


@dataclass(frozen=True)
class Brand:
    """The provider's button, as its brand guidelines require. `logo` is a path in the static folder."""

    name: str
    label: str
    logo: str


class Provider(Protocol):
    """A way to sign in. Implementations keep no state of a sign-in; many threads may use one."""

    @property
    def key(self) -> str:
        """The sign-in method's name, as stored and in URLs, such as `google`."""
        ...

    @property
    def brand(self) -> Brand:
        """The look of the button."""
        ...

    def authorization_url(self, request: AuthenticationRequest) -> str:
        """Return the URL to send the browser to.

        Raises `ProviderRefusal` (UNAVAILABLE) if the provider's metadata is needed and cannot be fetched.
        """
        ...

    def identity_from_callback(
        self, params: Mapping[str, str], expected: ExpectedResponse
    ) -> ProviderIdentity:
        """Return the identity of the person who signed in.

        `params`: the callback's query or form, each name once. Raises `ProviderRefusal`, and nothing else,
        for every response that proves no identity.
        """
        ...

    def check(self) -> None:
        """Check that the provider is reachable and accepts our credentials, without a sign-in.

        Raises `ProviderRefusal` (UNAVAILABLE) with the cause, for an operator.
        """
        ...
