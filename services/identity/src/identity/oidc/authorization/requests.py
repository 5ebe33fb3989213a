"""The checks of an authorization request (OpenID Connect Core §3.1.2.1, RFC 6749 §4.1.1).

The order matters: the client and its redirect URI come first, and the browser is not redirected while they
are not sound. Errors in the rest are sent to the client.
"""

from collections.abc import Callable
from dataclasses import dataclass

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    UnauthorizedClientError,
    UnsupportedResponseTypeError,
)
from authlib.oidc.core.errors import (
    RegistrationNotSupportedError,
    RequestURINotSupportedError,
)

from identity.oidc.authorization import claims_parameter
from identity.oidc.authorization.claims_parameter import ClaimsRequest
from identity.oidc.authorization.response_modes import MODES, ResponseTarget
from identity.oidc.grant_types import pkce
from identity.oidc.protocol import redirect_uris
from identity.oidc.protocol.errors import UntrustedRedirectError
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.sender_constraint.dpop import THUMBPRINT
from identity.oidc.tokens.id_token import IdTokens
from identity.oidc.tokens.resource_indicators import ResourceIndicators, allowed_scope
from identity.oidc.tokens.signing import TokenRefusedError
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient
from identity.web.language import LANGUAGES

PROMPTS = ("none", "login", "consent", "select_account", "create")


@dataclass(frozen=True)
class AuthorizationRequest:
    """A checked authorization request. May hold personal data (`login_hint`)."""

    client: RegisteredClient
    redirect_uri: str
    scope: str
    resources: tuple[str, ...]
    nonce: str | None
    code_challenge: str | None
    prompts: frozenset[str]
    # Seconds since the resident's last authentication, at most.
    max_age: int | None
    # The `sub` that the client expects to be signed in (`id_token_hint`).
    expected_subject: str | None
    claims: ClaimsRequest
    login_hint: str
    # The first supported language that the client prefers, or empty.
    ui_locale: str
    # The DPoP key that the code is bound to (RFC 9449 §10).
    dpop_jkt: str | None

    @property
    def requested_scope(self) -> tuple[str, ...]:
        """The scope that a resident consents to: a claim that is requested by name counts as its scope."""
        return tuple(dict.fromkeys((*self.scope.split(), *self.claims.scope)))

    def may_be_about(self, resident_id: str) -> bool:
        """Tell whether the client expects this resident, or any (OpenID Connect Core §3.1.2.2)."""
        subject, subjects = self.client.subject_of(resident_id), self.claims.subjects
        return self.expected_subject in (None, subject) and (subjects is None or subject in subjects)


class AuthorizationRequests:
    """Checks authorization requests."""

    def __init__(
        self,
        relying_parties: RelyingPartyCache,
        resources: ResourceIndicators,
        id_tokens: IdTokens,
    ) -> None:
        self._relying_parties, self._resources, self._id_tokens = relying_parties, resources, id_tokens

    def find_client(self, parameters: Parameters) -> RegisteredClient:
        """Return the client that sent the request; raises `UntrustedRedirectError`."""
        client_id = parameters.get("client_id")
        if client_id is None or parameters.is_repeated("client_id"):
            raise UntrustedRedirectError("client_id is missing or occurs more than once.")
        client = self._relying_parties.client(client_id)
        if client is None:
            raise UntrustedRedirectError("There is no client with this client_id.")
        return client

    def response_target(self, parameters: Parameters) -> ResponseTarget:
        """Return the client and its registered redirect URI; raises `UntrustedRedirectError`."""
        client, redirect_uri = self.find_client(parameters), parameters.get("redirect_uri")
        if redirect_uri is None or parameters.is_repeated("redirect_uri"):
            raise UntrustedRedirectError("redirect_uri is missing or occurs more than once.", client)
        if not redirect_uris.is_registered(redirect_uri, client):
            raise UntrustedRedirectError("redirect_uri is not one that this client registered.", client)
        mode = parameters.get("response_mode") or "query"
        state = None if parameters.is_repeated("state") else parameters.get("state")
        return ResponseTarget(client, redirect_uri, state, mode if mode in MODES else "query")

    def read(self, parameters: Parameters, target: ResponseTarget) -> AuthorizationRequest:
        """Return the checked request; raises `OAuth2Error`, which is sent to the client."""
        client = target.client
        parameters.check_form()
        _refuse_unsupported(parameters)
        if "authorization_code" not in client.grant_types:
            raise UnauthorizedClientError("The client is not authorized to use 'response_type=code'")
        code_challenge = pkce.code_challenge(parameters, client)
        return AuthorizationRequest(
            client=client,
            redirect_uri=target.redirect_uri,
            scope=allowed_scope(parameters.get("scope") or "", client),
            resources=self._resources.granted_resources(parameters.all("resource"), client),
            nonce=parameters.get("nonce"),
            code_challenge=code_challenge,
            prompts=_prompts(parameters),
            max_age=_max_age(parameters),
            expected_subject=self._expected_subject(parameters, client),
            claims=claims_parameter.read(parameters.get("claims"), client),
            login_hint=(parameters.get("login_hint") or "")[:254],
            ui_locale=_ui_locale(parameters),
            dpop_jkt=_dpop_jkt(parameters),
        )

    def _expected_subject(self, parameters: Parameters, client: RegisteredClient) -> str | None:
        hint = parameters.get("id_token_hint")
        if hint is None:
            return None
        try:
            known = self._id_tokens.verify_hint(hint)
        except TokenRefusedError:
            raise InvalidRequestError("The id_token_hint is not an ID token of this issuer.") from None
        if known.client_id != client.id:
            raise InvalidRequestError("The id_token_hint was issued to another client.")
        return known.subject


_UNSUPPORTED: dict[str, Callable[[], OAuth2Error]] = {
    "request_uri": RequestURINotSupportedError,
    "registration": RegistrationNotSupportedError,
}


def _refuse_unsupported(parameters: Parameters) -> None:
    for name, error in _UNSUPPORTED.items():
        if parameters.get(name) is not None:
            raise error()
    response_type = parameters.get("response_type")
    if response_type is None:
        raise InvalidRequestError("The parameter 'response_type' is missing.")
    if response_type != "code":
        raise UnsupportedResponseTypeError("", "Only response_type=code is supported.")
    if (parameters.get("response_mode") or "query") not in MODES:
        raise InvalidRequestError("The response_mode is not supported.")


def _prompts(parameters: Parameters) -> frozenset[str]:
    prompts = frozenset(parameters.words("prompt"))
    if not prompts <= set(PROMPTS):
        raise InvalidRequestError("The prompt is not supported.")
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequestError("prompt=none goes with no other prompt.")
    return prompts


def _max_age(parameters: Parameters) -> int | None:
    text = parameters.get("max_age")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:  # noqa: PLR2004 - thirty years of seconds
        raise InvalidRequestError("max_age is not a number of seconds.")
    return int(text)


def _dpop_jkt(parameters: Parameters) -> str | None:
    jkt = parameters.get("dpop_jkt")
    if jkt is not None and not THUMBPRINT.fullmatch(jkt):
        raise InvalidRequestError("dpop_jkt is not the SHA-256 thumbprint of a key.")
    return jkt


def _ui_locale(parameters: Parameters) -> str:
    languages = (tag.lower().split("-")[0] for tag in parameters.words("ui_locales"))
    return next((language for language in languages if language in LANGUAGES), "")
