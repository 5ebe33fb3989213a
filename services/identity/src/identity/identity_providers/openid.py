"""Any other OpenID provider, added by configuration alone; login.gov is the documented example.

The standard and nothing else: discovery, code flow with PKCE and nonce, a shared secret or `private_key_jwt`,
claims from the ID token and, where it has none, from the userinfo endpoint. Its e-mail addresses count as
verified only if the operator says that the provider's `email_verified` can be relied upon.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from identity import randomness
from identity.clock import Clock
from identity.errors import SettingsError
from identity.identity_providers import claims as read
from identity.identity_providers.code_flow import ClientSecret, CodeFlow, Credential, token_refusal
from identity.identity_providers.http import ProviderHttp
from identity.identity_providers.openid_connect import Answer, DiscoveredMetadata, OpenIDConnect
from identity.identity_providers.provider import Brand, Expected, ProviderIdentity, Question
from identity.identity_providers.settings import ProviderSettings
from identity.identity_providers.signed_tokens import IdTokenRules, refused

PREFIX = "IDENTITY_OPENID_"
ASSERTION_SECONDS = 60
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SETTINGS = (
    "ISSUER",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CLIENT_SECRET_FILE",
    "PRIVATE_KEY",
    "PRIVATE_KEY_FILE",
    "PRIVATE_KEY_ID",
    "ACR_VALUES",
    "ACCEPTED_ACR",
    "SCOPE",
    "LABEL",
    "TRUST_EMAIL",
)
_TAKEN = ("google", "apple", "microsoft", "facebook", "password")


@dataclass(frozen=True)
class OpenIDConfig:
    """A client of some OpenID provider. Exactly one of `client_secret` and `private_key` is set."""

    key: str
    name: str
    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    private_key: RSAKey | ECKey | None = field(default=None, repr=False)
    private_key_id: str | None = None
    # What is asked for (space-separated, in order of preference), and what is taken; empty takes any.
    acr_values: str | None = None
    accepted_acr: tuple[str, ...] = ()
    scope: str = "openid email profile"
    trusts_email: bool = False

    @classmethod
    def all_from_environment(cls, environ: Mapping[str, str]) -> "list[OpenIDConfig]":
        """Return the settings of every `IDENTITY_OPENID_<NAME>_…`, by name. Raises `SettingsError`."""
        names = set()
        for variable in (v for v in environ if v.startswith(PREFIX)):
            found = re.fullmatch(r"([A-Z0-9]{1,32})_([A-Z_]+)", variable.removeprefix(PREFIX))
            if found is None or found[2] not in _SETTINGS:
                raise SettingsError(
                    f"{variable}: no such setting (expected {PREFIX}<NAME>_ followed by one of"
                    f" {', '.join(_SETTINGS)}; <NAME> of A-Z and 0-9)"
                )
            names.add(found[1])
        return [cls._from_environment(environ, name) for name in sorted(names)]

    @classmethod
    def _from_environment(cls, environ: Mapping[str, str], name: str) -> "OpenIDConfig":
        settings = ProviderSettings(environ, f"{PREFIX}{name}_")
        key = name.lower()
        if key in _TAKEN:
            raise SettingsError(f"{PREFIX}{name}_…: the name is taken; choose another")
        if not settings.are_given(("ISSUER", "CLIENT_ID"), f"the provider {name}"):
            raise SettingsError(
                f"{PREFIX}{name}_ISSUER: is not set, but other {PREFIX}{name}_… variables are"
            )
        secret, private_key = settings.optional("CLIENT_SECRET"), settings.optional("PRIVATE_KEY")
        if (secret is None) == (private_key is None):
            raise SettingsError(
                f"{PREFIX}{name}_CLIENT_SECRET, {PREFIX}{name}_PRIVATE_KEY: set exactly one of the two"
            )
        scope = settings.optional("SCOPE") or cls.scope
        if "openid" not in scope.split():
            raise SettingsError(f"{PREFIX}{name}_SCOPE: expected to contain openid")
        return cls(
            key=key,
            name=settings.optional("LABEL") or name.capitalize(),
            issuer=settings.issuer("ISSUER"),
            client_id=settings.required("CLIENT_ID"),
            client_secret=secret,
            private_key=_private_key(private_key, name) if private_key else None,
            private_key_id=settings.optional("PRIVATE_KEY_ID"),
            acr_values=settings.optional("ACR_VALUES"),
            accepted_acr=tuple((settings.optional("ACCEPTED_ACR") or "").split()),
            scope=scope,
            trusts_email=settings.switch("TRUST_EMAIL"),
        )


@dataclass(frozen=True)
class PrivateKeyJwt:
    """A signed assertion instead of a secret (`private_key_jwt`, OpenID Connect Core 9)."""

    config: OpenIDConfig
    private_key: RSAKey | ECKey
    clock: Clock

    def apply(self, session: OAuth2Session, token_endpoint: str) -> None:
        """Set the session's authentication method."""

        def authenticate(
            _client: object, _method: str, uri: str, headers: dict[str, str], body: str
        ) -> tuple[str, dict[str, str], str]:
            parameters = {
                "client_id": self.config.client_id,
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": self._assertion(token_endpoint),
            }
            return uri, headers, "&".join([body, urlencode(parameters)])

        session.register_client_auth_method(("private_key_jwt", authenticate))
        session.token_endpoint_auth_method = "private_key_jwt"  # noqa: S105 - its name

    def _assertion(self, token_endpoint: str) -> str:
        now = int(self.clock.now().timestamp())
        algorithm = "RS256" if isinstance(self.private_key, RSAKey) else "ES256"
        header = {"alg": algorithm}
        if self.config.private_key_id:
            header["kid"] = self.config.private_key_id
        return jwt.encode(
            header,
            {
                "iss": self.config.client_id,
                "sub": self.config.client_id,
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
    """A shared secret, sent the way the provider's metadata offers: in the body if it may be."""

    secret: str
    metadata: DiscoveredMetadata

    def apply(self, session: OAuth2Session, token_endpoint: str) -> None:
        """Set the session's client secret and authentication method."""
        methods = self.metadata().token_authentication_methods
        method = "client_secret_post" if "client_secret_post" in methods else "client_secret_basic"
        ClientSecret(self.secret, method).apply(session, token_endpoint)


class OpenIDProvider:
    """A provider known by its configuration only."""

    def __init__(self, config: OpenIDConfig, http: ProviderHttp, clock: Clock) -> None:
        self.key = config.key
        self.brand = Brand(config.name, f"Sign in with {config.name}", "providers/openid.svg")
        self._config, self._http = config, http
        metadata = DiscoveredMetadata(config.issuer, http, clock)
        self._openid = OpenIDConnect(
            flow=CodeFlow(
                http, config.client_id, _credential(config, metadata, clock), config.scope, token_refusal
            ),
            metadata=metadata,
            rules=IdTokenRules(
                config.client_id, accepts_issuer=lambda signed: signed.claims.get("iss") == config.issuer
            ),
            accepts_callback_issuer=lambda issuer: issuer == config.issuer,
            clock=clock,
        )

    def authorization_url(self, question: Question) -> str:
        """Return where to send the browser; see `Provider`."""
        return self._openid.authorization_url(
            question,
            {
                "login_hint": question.login_hint,
                "ui_locales": question.language,
                "acr_values": self._config.acr_values,
                "prompt": "select_account",
            },
        )

    def identity_from_callback(self, params: Mapping[str, str], expected: Expected) -> ProviderIdentity:
        """Return who came back; see `Provider`."""
        answer = self._openid.answer(params, expected)
        if self._config.accepted_acr and answer.claims.get("acr") not in self._config.accepted_acr:
            raise refused("authenticated less strictly than asked for")
        claims = self._with_userinfo(answer)
        email = read.email(claims.get("email"))
        return ProviderIdentity(
            issuer=self._config.issuer,
            subject=answer.claims["sub"],
            email=email,
            email_verified=(
                self._config.trusts_email and email is not None and claims.get("email_verified") is True
            ),
            given_name=read.name(claims.get("given_name")),
            family_name=read.name(claims.get("family_name")),
            locale=read.locale(claims.get("locale")),
            amr=read.amr(answer.claims.get("amr")),
        )

    def check(self) -> None:
        """Try reachability and credentials; see `Provider`."""
        self._openid.check()

    def _with_userinfo(self, answer: Answer) -> dict[str, Any]:
        """Return the claims, with those of the userinfo endpoint where the ID token has no e-mail."""
        endpoint = self._openid.metadata().userinfo_endpoint
        access_token = answer.token.get("access_token")
        if "email" in answer.claims or endpoint is None:
            return answer.claims
        if not isinstance(access_token, str) or not access_token.isascii():
            raise refused("no access token")
        userinfo = self._http.get_object(endpoint, headers={"Authorization": f"Bearer {access_token}"})
        if userinfo.get("sub") != answer.claims["sub"]:
            # OpenID Connect Core 5.3.2: otherwise another person's e-mail could be put in.
            raise refused("userinfo of another person")
        return {**answer.claims, **userinfo}


def _credential(config: OpenIDConfig, metadata: DiscoveredMetadata, clock: Clock) -> Credential:
    if config.private_key is not None:
        return PrivateKeyJwt(config, config.private_key, clock)
    return OfferedClientSecret(config.client_secret or "", metadata)


def _private_key(text: str, name: str) -> RSAKey | ECKey:
    for kind in (RSAKey, ECKey):
        try:
            key = kind.import_key(text)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private and not (isinstance(key, ECKey) and key.curve_name != "P-256"):
            return key
    raise SettingsError(f"{PREFIX}{name}_PRIVATE_KEY: expected a private RSA or P-256 key in PEM form")
