"""What a client asks for, checked (OpenID Connect Core §3.1.2.1, RFC 6749 §4.1.1).

The order matters: first the client and its redirect URI, for as long as they are not sound nobody is
redirected; only then everything else, of which the client is told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, UnsupportedResponseTypeError
from authlib.oidc.core.errors import (
    RegistrationNotSupportedError,
    RequestURINotSupportedError,
)

from identity.oidc.authorization import claims_parameter
from identity.oidc.authorization.claims_parameter import ClaimsRequest
from identity.oidc.authorization.response_modes import MODES, Addressee
from identity.oidc.endpoints.token import ProtocolServer
from identity.oidc.protocol import redirect_uris
from identity.oidc.protocol.errors import UntrustedRedirectError
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.sender_constraint.dpop import THUMBPRINT
from identity.oidc.tokens.issuer import TokenRefusedError, Tokens
from identity.oidc.tokens.resource_indicators import ResourceIndicators
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient
from identity.web.language import LANGUAGES

PROMPTS = ("none", "login", "consent", "select_account", "create")


@dataclass(frozen=True)
class AuthorizationRequest:
    """A sound authorization request."""

    client: RegisteredClient
    redirect_uri: str
    scope: str
    resources: tuple[str, ...]
    nonce: str | None
    code_challenge: str | None
    prompts: frozenset[str]
    # Seconds since the resident last proved who they are, at most.
    max_age: int | None
    # The resident that the client believes to be signed in (`id_token_hint`).
    expected_subject: str | None
    claims: ClaimsRequest
    login_hint: str
    # The first language of ours that the client prefers, or empty.
    ui_locale: str
    # The DPoP key that the code is bound to (RFC 9449 §10).
    dpop_jkt: str | None

    @property
    def asked_scope(self) -> tuple[str, ...]:
        """Return what a resident is asked for: a claim asked for by name counts as its scope."""
        return tuple(dict.fromkeys((*self.scope.split(), *self.claims.scope)))

    def may_be_about(self, resident_id: str) -> bool:
        """Tell whether the client means this resident, or anybody (OpenID Connect Core §3.1.2.2)."""
        subject, subjects = self.client.subject_of(resident_id), self.claims.subjects
        return self.expected_subject in (None, subject) and (subjects is None or subject in subjects)


class AuthorizationRequests:
    """Reads authorization requests."""

    def __init__(
        self,
        relying_parties: RelyingPartyCache,
        server: ProtocolServer,
        resources: ResourceIndicators,
        tokens: Tokens,
        issuer: str,
    ) -> None:
        self._relying_parties, self._server = relying_parties, server
        self._resources, self._tokens = resources, tokens
        self._endpoint = f"{issuer}/authorize"

    def client(self, parameters: Parameters) -> RegisteredClient:
        """Return the client that asks; raises `UntrustedRedirectError`."""
        client_id = parameters.get("client_id")
        if client_id is None or parameters.is_repeated("client_id"):
            raise UntrustedRedirectError("client_id is missing or occurs more than once.")
        client = self._relying_parties.client(client_id)
        if client is None:
            raise UntrustedRedirectError("There is no client with this client_id.")
        return client

    def addressee(self, parameters: Parameters) -> tuple[RegisteredClient, Addressee]:
        """Return the client and where its answer goes; raises `UntrustedRedirectError`."""
        client, redirect_uri = self.client(parameters), parameters.get("redirect_uri")
        if redirect_uri is None or parameters.is_repeated("redirect_uri"):
            raise UntrustedRedirectError("redirect_uri is missing or occurs more than once.", client)
        if not redirect_uris.is_registered(redirect_uri, client):
            raise UntrustedRedirectError("redirect_uri is not one that this client registered.", client)
        mode = parameters.get("response_mode") or "query"
        state = None if parameters.is_repeated("state") else parameters.get("state")
        return client, Addressee(redirect_uri, state, mode if mode in MODES else "query")

    def read(self, parameters: Parameters, client: RegisteredClient) -> AuthorizationRequest:
        """Return the checked request; raises `OAuth2Error`, which the client is told."""
        parameters.check_form()
        _refuse_unsupported(parameters)
        protocol_request = ProtocolRequest("GET", self._endpoint, parameters)
        # Authlib's checks: client, redirect URI, response type, scope, and by the extension PKCE.
        grant: Any = self._server.get_authorization_grant(protocol_request)
        redirect_uri = grant.validate_authorization_request()
        return AuthorizationRequest(
            client=client,
            redirect_uri=redirect_uri,
            scope=protocol_request.scope,
            resources=self._resources.granted(parameters.all("resource"), client),
            nonce=parameters.get("nonce"),
            code_challenge=parameters.get("code_challenge"),
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
            known = self._tokens.read_id_token_hint(hint)
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
    prompts = frozenset((parameters.get("prompt") or "").split())
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
    languages = (tag.lower().split("-")[0] for tag in (parameters.get("ui_locales") or "").split())
    return next((language for language in languages if language in LANGUAGES), "")
