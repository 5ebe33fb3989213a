"""A relying party of one OpenID provider, as in the standard; each provider's file adds its differences."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from identity.clock import Clock
from identity.identity_providers.code_flow import (
    CodeFlow,
    callback_refusal,
    code_challenge_of,
    code_from_callback,
)
from identity.identity_providers.http import ProviderHttp
from identity.identity_providers.keys import ProviderDocument, SigningKeys
from identity.identity_providers.provider import (
    AuthenticationRequest,
    ExpectedResponse,
    ProviderRefusal,
    Refusal,
)
from identity.identity_providers.settings import is_fit_for_secrets
from identity.identity_providers.signed_tokens import IdToken, IdTokenRules, verify_id_token


@dataclass(frozen=True)
class Metadata:
    """The part of a provider's metadata that is used (OpenID Connect Discovery 1.0 §3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    # RFC 9207 §3.
    sends_issuer: bool = False
    token_authentication_methods: tuple[str, ...] = ("client_secret_basic",)


class DiscoveredMetadata:
    """Metadata from the provider's discovery document, which must name the issuer it was asked for."""

    def __init__(
        self, issuer: str, http: ProviderHttp, clock: Clock, document_issuer: str | None = None
    ) -> None:
        self._issuer = document_issuer or issuer
        self._document = ProviderDocument(
            f"{issuer.rstrip('/')}/.well-known/openid-configuration", http, clock
        )

    def __call__(self) -> Metadata:
        """Return the metadata; raises `ProviderRefusal` (UNAVAILABLE)."""
        document = self._document.get()
        if document.get("issuer") != self._issuer:
            raise ProviderRefusal(Refusal.UNAVAILABLE, "the metadata is of another issuer")
        methods = document.get("token_endpoint_auth_methods_supported")
        return Metadata(
            authorization_endpoint=_endpoint(document, "authorization_endpoint"),
            token_endpoint=_endpoint(document, "token_endpoint"),
            jwks_uri=_endpoint(document, "jwks_uri"),
            userinfo_endpoint=(
                _endpoint(document, "userinfo_endpoint") if "userinfo_endpoint" in document else None
            ),
            sends_issuer=document.get("authorization_response_iss_parameter_supported") is True,
            token_authentication_methods=tuple(map(str, methods))
            if isinstance(methods, list)
            else ("client_secret_basic",),
        )


@dataclass(frozen=True)
class VerifiedTokens:
    """What a code was redeemed for. It holds personal data, and a secret."""

    id_token: IdToken
    # Not checked yet; None if the response has none.
    access_token: object = field(repr=False)


class OpenIDConnect:
    """The authorization code flow with an ID token."""

    def __init__(
        self,
        *,
        flow: CodeFlow,
        metadata: Callable[[], Metadata],
        rules: IdTokenRules,
        accepts_callback_issuer: Callable[[str], bool],
        clock: Clock,
        pkce: bool = True,
    ) -> None:
        self._flow, self._metadata, self._rules = flow, metadata, rules
        self._accepts_callback_issuer, self._clock, self._pkce = accepts_callback_issuer, clock, pkce
        self._keys: dict[str, SigningKeys] = {}

    def authorization_url(self, request: AuthenticationRequest, more: Mapping[str, str | None]) -> str:
        """Return the URL of an authentication request, with PKCE if the provider supports it.

        `more`: further parameters of this provider; None leaves one out.
        """
        parameters = {
            "state": request.state,
            "nonce": request.nonce,
            "redirect_uri": request.redirect_uri,
            **more,
        }
        if self._pkce:
            parameters |= code_challenge_of(request.code_verifier)
        return self._flow.authorization_url(self._metadata().authorization_endpoint, parameters)

    def redeem_callback(
        self,
        params: Mapping[str, str],
        expected: ExpectedResponse,
        refusal_of: Callable[[Mapping[str, str]], ProviderRefusal] = callback_refusal,
    ) -> VerifiedTokens:
        """Redeem the callback's code and verify the ID token; raises `ProviderRefusal`."""
        metadata = self._metadata()
        code = code_from_callback(
            params,
            expected,
            accepts_issuer=self._accepts_callback_issuer,
            issuer_is_sent=metadata.sends_issuer,
            refusal_of=refusal_of,
        )
        response = self._flow.redeem(
            metadata.token_endpoint,
            code,
            redirect_uri=expected.redirect_uri,
            code_verifier=expected.code_verifier if self._pkce else None,
        )
        keys = self.keys(metadata)
        id_token = verify_id_token(
            response.get("id_token"), keys, self._rules, nonce=expected.nonce, now=self._clock.now()
        )
        return VerifiedTokens(id_token, response.get("access_token"))

    def check(self) -> None:
        """Fetch metadata and keys, and try the credentials; raises `ProviderRefusal` with the cause."""
        metadata = self._metadata()
        self.keys(metadata).check()
        self._flow.check(metadata.token_endpoint)

    def metadata(self) -> Metadata:
        """Return the provider's metadata; raises `ProviderRefusal` (UNAVAILABLE)."""
        return self._metadata()

    def keys(self, metadata: Metadata) -> SigningKeys:
        """Return the provider's signing keys."""
        uri = metadata.jwks_uri
        return self._keys.setdefault(uri, SigningKeys(uri, self._flow.http, self._clock))


def _endpoint(document: Mapping[str, object], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not is_fit_for_secrets(url):
        raise ProviderRefusal(Refusal.UNAVAILABLE, f"the metadata has no https {name}")
    return url
