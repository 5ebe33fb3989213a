"""Any other OpenID provider, added by configuration alone; login.gov is the documented example.

The standard without differences: discovery, code flow with PKCE and nonce, a shared secret or
`private_key_jwt`, claims from the ID token and, if it has no e-mail, from the userinfo endpoint. An e-mail
address counts as verified only if the operator says that the provider's `email_verified` can be relied upon.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from authlib.common.urls import add_params_to_qs
from authlib.oauth2.auth import ClientAuth
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from identity import randomness
from identity.clock import Clock
from identity.errors import SettingsError
from identity.identity_providers import claims as read
from identity.identity_providers.code_flow import ClientSecret, CodeFlow, Credential, token_refusal
from identity.identity_providers.http import ProviderHttp
from identity.identity_providers.openid_connect import DiscoveredMetadata, OpenIDConnect, VerifiedTokens
from identity.identity_providers.provider import (
    AuthenticationRequest,
    Brand,
    ExpectedResponse,
    ProviderIdentity,
)
from identity.identity_providers.settings import Issuer, ProviderSettings, Switch, read_provider
from identity.identity_providers.signed_tokens import Claims, IdTokenRules, refused

PREFIX = "IDENTITY_OPENID_"
ASSERTION_SECONDS = 60
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# The two that may be in a file instead.
_FROM_FILES = ("CLIENT_SECRET", "PRIVATE_KEY")
_TAKEN = ("google", "apple", "microsoft", "facebook", "password")


def _private_key(text: object) -> object:
    if not isinstance(text, str):
        return text
    for kind in (RSAKey, ECKey):
        try:
            key = kind.import_key(text)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private and not (isinstance(key, ECKey) and key.curve_name != "P-256"):
            return key
    raise ValueError("expected a private RSA or P-256 key in PEM form")


def _words(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


def _with_openid(scope: str) -> str:
    if "openid" not in scope.split():
        raise ValueError("expected to contain openid")
    return scope


class OpenIDSettings(ProviderSettings):
    """A client of some OpenID provider. Exactly one of `client_secret` and `private_key` is set."""

    issuer: Issuer
    client_id: str
    client_secret: SecretStr | None = None
    private_key: Annotated[RSAKey | ECKey | None, BeforeValidator(_private_key)] = Field(
        default=None, repr=False
    )
    private_key_id: str | None = None
    # What is asked for (space-separated, in order of preference), and what is taken; empty takes any.
    acr_values: str | None = None
    accepted_acr: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()
    scope: Annotated[str, AfterValidator(_with_openid)] = "openid email profile"
    # What its button says; the provider's name if not set.
    label: str | None = None
    trust_email: Switch = False


def read_openid_providers(environ: Mapping[str, str]) -> dict[str, OpenIDSettings]:
    """Return the settings of every `IDENTITY_OPENID_<NAME>_…` by key; raises `SettingsError`."""
    known = []
    for name in map(str.upper, OpenIDSettings.model_fields):
        known += [name, f"{name}_FILE"] if name in _FROM_FILES else [name]
    names = set()
    for variable in (v for v in environ if v.startswith(PREFIX)):
        found = re.fullmatch(r"([A-Z0-9]{1,32})_([A-Z_]+)", variable.removeprefix(PREFIX))
        if found is None or found[2] not in known:
            raise SettingsError(
                f"{variable}: no such setting (expected {PREFIX}<NAME>_ followed by one of"
                f" {', '.join(known)}; <NAME> of A-Z and 0-9)"
            )
        names.add(found[1])
    return {name.lower(): _read_openid_provider(environ, name) for name in sorted(names)}


def _read_openid_provider(environ: Mapping[str, str], name: str) -> OpenIDSettings:
    prefix = f"{PREFIX}{name}_"
    if name.lower() in _TAKEN:
        raise SettingsError(f"{prefix}…: the name is taken; choose another")
    settings = read_provider(OpenIDSettings, environ, f"the provider {name}", prefix=prefix)
    if settings is None:
        raise SettingsError(f"{prefix}ISSUER: is not set, but other {prefix}… variables are")
    if (settings.client_secret is None) == (settings.private_key is None):
        raise SettingsError(f"{prefix}CLIENT_SECRET, {prefix}PRIVATE_KEY: set exactly one of the two")
    return settings


@dataclass(frozen=True)
class PrivateKeyJwt:
    """A signed assertion instead of a secret (`private_key_jwt`, OpenID Connect Core §9)."""

    settings: OpenIDSettings
    private_key: RSAKey | ECKey = field(repr=False)
    clock: Clock

    def client_auth(self, client_id: str, token_endpoint: str) -> ClientAuth:
        """Return what puts the credential into one request."""

        def authenticate(
            _client: object, _method: str, uri: str, headers: dict[str, str], body: str
        ) -> tuple[str, dict[str, str], str]:
            parameters = {
                "client_id": client_id,
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": self._assertion(token_endpoint),
            }
            return uri, headers, add_params_to_qs(body, parameters)

        return ClientAuth(client_id, None, authenticate)

    def _assertion(self, token_endpoint: str) -> str:
        now = int(self.clock.now().timestamp())
        algorithm = "RS256" if isinstance(self.private_key, RSAKey) else "ES256"
        header = {"alg": algorithm}
        if self.settings.private_key_id:
            header["kid"] = self.settings.private_key_id
        return jwt.encode(
            header,
            {
                "iss": self.settings.client_id,
                "sub": self.settings.client_id,
                "aud": token_endpoint,
                "jti": randomness.secret(),
                "iat": now,
                "exp": now + ASSERTION_SECONDS,
            },
            self.private_key,
            algorithms=[algorithm],
        )


@dataclass(frozen=True)
class OfferedClientSecret:
    """A shared secret, sent as the provider's metadata allows: in the body, if it accepts that."""

    secret: str = field(repr=False)
    metadata: DiscoveredMetadata

    def client_auth(self, client_id: str, token_endpoint: str) -> ClientAuth:
        """Return what puts the credential into one request."""
        methods = self.metadata().token_authentication_methods
        method = "client_secret_post" if "client_secret_post" in methods else "client_secret_basic"
        return ClientSecret(self.secret, method).client_auth(client_id, token_endpoint)


class OpenIDProvider:
    """A provider known by its configuration only."""

    def __init__(self, key: str, settings: OpenIDSettings, http: ProviderHttp, clock: Clock) -> None:
        self.key, name = key, settings.label or key.capitalize()
        self.brand = Brand(name, f"Sign in with {name}", "providers/openid.svg")
        self._settings, self._http = settings, http
        metadata = DiscoveredMetadata(settings.issuer, http, clock)
        self._openid = OpenIDConnect(
            flow=CodeFlow(
                http,
                settings.client_id,
                _credential(settings, metadata, clock),
                settings.scope,
                token_refusal,
            ),
            metadata=metadata,
            rules=IdTokenRules(
                settings.client_id, accepts_issuer=lambda signed: signed.claims.get("iss") == settings.issuer
            ),
            accepts_callback_issuer=lambda issuer: issuer == settings.issuer,
            clock=clock,
        )

    def authorization_url(self, request: AuthenticationRequest) -> str:
        """Return the URL to send the browser to; see `Provider`."""
        return self._openid.authorization_url(
            request,
            {
                "login_hint": request.login_hint,
                "ui_locales": request.language,
                "acr_values": self._settings.acr_values,
                "prompt": "select_account",
            },
        )

    def identity_from_callback(
        self, params: Mapping[str, str], expected: ExpectedResponse
    ) -> ProviderIdentity:
        """Return the identity of the person who signed in; see `Provider`."""
        tokens = self._openid.redeem_callback(params, expected)
        id_token = tokens.id_token
        if self._settings.accepted_acr and id_token.claims.get("acr") not in self._settings.accepted_acr:
            raise refused("authenticated less strictly than asked for")
        claims = self._with_userinfo(tokens)
        email = read.email(claims.get("email"))
        return ProviderIdentity(
            issuer=self._settings.issuer,
            subject=id_token.subject,
            email=email,
            email_verified=(
                self._settings.trust_email and email is not None and claims.get("email_verified") is True
            ),
            given_name=read.name(claims.get("given_name")),
            family_name=read.name(claims.get("family_name")),
            locale=read.locale(claims.get("locale")),
            amr=read.amr(id_token.claims.get("amr")),
        )

    def check(self) -> None:
        """Check reachability and credentials; see `Provider`."""
        self._openid.check()

    def _with_userinfo(self, tokens: VerifiedTokens) -> Claims:
        """Return the claims, with those of the userinfo endpoint where the ID token has no e-mail."""
        endpoint = self._openid.metadata().userinfo_endpoint
        id_token, access_token = tokens.id_token, tokens.access_token
        if "email" in id_token.claims or endpoint is None:
            return id_token.claims
        if not isinstance(access_token, str) or not access_token.isascii():
            raise refused("no access token")
        userinfo = self._http.get_object(endpoint, headers={"Authorization": f"Bearer {access_token}"})
        if userinfo.get("sub") != id_token.subject:
            # OpenID Connect Core §5.3.2: otherwise another person's e-mail could be inserted.
            raise refused("userinfo of another person")
        return {**id_token.claims, **userinfo}


def _credential(settings: OpenIDSettings, metadata: DiscoveredMetadata, clock: Clock) -> Credential:
    if settings.private_key is not None:
        return PrivateKeyJwt(settings, settings.private_key, clock)
    secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
    return OfferedClientSecret(secret, metadata)
