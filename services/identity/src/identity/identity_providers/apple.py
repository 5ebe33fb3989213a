"""Sign in with Apple.

OpenID Connect with these differences (https://developer.apple.com/documentation/signinwithapplerestapi):

- The client secret is a JWT (ES256), signed with the developer team's key.
- A request for name or e-mail needs `response_mode=form_post`: a POST from Apple's site, without our cookies.
- The name comes at the first consent only, in the form field `user`, which is not signed.
- Booleans may be the text "true". The e-mail may be a relay address, or missing for managed accounts.
- A person who cancels causes the error `user_cancelled_authorize`.
- PKCE is undocumented, so the nonce binds the code to this sign-in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from authlib.oauth2.auth import ClientAuth
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import BeforeValidator, Field
from pydantic_settings import SettingsConfigDict

from identity.clock import Clock
from identity.identity_providers import claims as read
from identity.identity_providers.code_flow import CodeFlow, callback_refusal, token_refusal
from identity.identity_providers.http import ProviderHttp
from identity.identity_providers.openid_connect import Metadata, OpenIDConnect
from identity.identity_providers.provider import (
    AuthenticationRequest,
    Brand,
    ExpectedResponse,
    ProviderIdentity,
    ProviderRefusal,
    Refusal,
)
from identity.identity_providers.security_events import (
    SecurityEvent,
    SecurityEventKind,
    VerifiedSecurityEvents,
    verify_security_event,
)
from identity.identity_providers.settings import Address, ProviderSettings
from identity.identity_providers.signed_tokens import IdTokenRules, refused
from identity.json_text import JsonRefusedError, read_json, with_replacements

SECRET_LIFETIME = timedelta(minutes=5)
_USER_CHARACTERS = 1024
_RELAY_DOMAIN = "@privaterelay.appleid.com"
_KINDS = {
    "consent-revoked": SecurityEventKind.ACCESS_REVOKED,
    "account-delete": SecurityEventKind.ACCOUNT_DELETED,
    "account-deleted": SecurityEventKind.ACCOUNT_DELETED,
}


def _private_key(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        key = ECKey.import_key(text)
    except (JoseError, ValueError):
        raise ValueError("expected the text of Apple's AuthKey_….p8 file") from None
    if not key.is_private or key.curve_name != "P-256":
        raise ValueError("expected a private key of curve P-256 (Apple's .p8 file)")
    return key


class AppleSettings(ProviderSettings):
    """A Services ID with its team and private key, from Apple's developer account."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_APPLE_")

    client_id: str
    team_id: str
    key_id: str
    key: Annotated[ECKey, BeforeValidator(_private_key)] = Field(repr=False)
    issuer: Address = "https://appleid.apple.com"


@dataclass(frozen=True)
class AppleClientSecret:
    """The client secret: a JWT made for each redemption, valid for five minutes."""

    settings: AppleSettings
    clock: Clock

    def client_auth(self, client_id: str, token_endpoint: str) -> ClientAuth:  # noqa: ARG002 - the protocol's
        """Return what puts the credential into one request."""
        now = self.clock.now()
        secret = jwt.encode(
            {"alg": "ES256", "kid": self.settings.key_id},
            {
                "iss": self.settings.team_id,
                "sub": self.settings.client_id,
                "aud": self.settings.issuer,
                "iat": int(now.timestamp()),
                "exp": int((now + SECRET_LIFETIME).timestamp()),
            },
            self.settings.key,
            algorithms=["ES256"],
        )
        return ClientAuth(client_id, secret, "client_secret_post")


class Apple:
    """The provider `apple`. Its callback is a POST without our cookies: `state` alone protects it."""

    key = "apple"
    brand = Brand("Apple", "Sign in with Apple", "providers/apple.svg")

    def __init__(self, settings: AppleSettings, http: ProviderHttp, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        metadata = Metadata(
            authorization_endpoint=f"{settings.issuer}/auth/authorize",
            token_endpoint=f"{settings.issuer}/auth/token",
            jwks_uri=f"{settings.issuer}/auth/keys",
        )
        self._openid = OpenIDConnect(
            flow=CodeFlow(
                http, settings.client_id, AppleClientSecret(settings, clock), "name email", token_refusal
            ),
            metadata=lambda: metadata,
            rules=IdTokenRules(
                settings.client_id,
                accepts_issuer=lambda signed: signed.claims.get("iss") == settings.issuer,
                algorithms=("RS256",),
            ),
            accepts_callback_issuer=lambda issuer: issuer == settings.issuer,
            clock=clock,
            pkce=False,
        )

    def authorization_url(self, request: AuthenticationRequest) -> str:
        """Return the URL to send the browser to; see `Provider`."""
        return self._openid.authorization_url(request, {"response_mode": "form_post"})

    def identity_from_callback(
        self, params: Mapping[str, str], expected: ExpectedResponse
    ) -> ProviderIdentity:
        """Return the identity of the person who signed in; see `Provider`."""
        id_token = self._openid.redeem_callback(params, expected, _callback_refusal).id_token
        claims = id_token.claims
        email = read.email(claims.get("email"))
        given_name, family_name = _names(params.get("user", ""))
        return ProviderIdentity(
            issuer=self._settings.issuer,
            subject=id_token.subject,
            email=email,
            email_verified=email is not None and _is_true(claims.get("email_verified")),
            given_name=given_name,
            family_name=family_name,
            amr=read.amr(claims.get("amr")),
            is_private_email=email is not None
            and (_is_true(claims.get("is_private_email")) or email.lower().endswith(_RELAY_DOMAIN)),
        )

    def check(self) -> None:
        """Check reachability and credentials; see `Provider`."""
        self._openid.check()

    def read_security_events(self, payload: str) -> VerifiedSecurityEvents:
        """Verify a server-to-server notification (the form field `payload`) and return its event.

        The event is JSON text within JSON. Raises `ProviderRefusal`: INVALID_ANSWER, or UNAVAILABLE if
        Apple's keys cannot be fetched.
        """
        token = verify_security_event(
            payload,
            self._openid.keys(self._openid.metadata()),
            issuer=self._settings.issuer,
            audience=self._settings.client_id,
            now=self._clock.now(),
        )
        try:
            event = read_json(token.events) if isinstance(token.events, str) else token.events
        except JsonRefusedError as error:
            raise refused("a notification that cannot be read") from error
        details = event if isinstance(event, dict) else {}
        kind = _KINDS.get(str(details.get("type")))
        subject = read.text(details.get("sub"), 255)
        events = (SecurityEvent(kind, self._settings.issuer, subject),) if kind and subject else ()
        return VerifiedSecurityEvents(token.id, token.issued_at, events)


def _names(user: str) -> tuple[str | None, str | None]:
    """Return given and family name from the field `user`. It is not signed, so nothing else is read."""
    if not 0 < len(user) <= _USER_CHARACTERS:
        return None, None
    try:
        value = read_json(with_replacements(user))
    except JsonRefusedError:
        return None, None
    names = value.get("name") if isinstance(value, dict) else None
    if not isinstance(names, dict):
        return None, None
    return read.name(names.get("firstName")), read.name(names.get("lastName"))


def _is_true(value: object) -> bool:
    return value is True or value == "true"


def _callback_refusal(params: Mapping[str, str]) -> ProviderRefusal:
    if params.get("error") == "user_cancelled_authorize":
        return ProviderRefusal(Refusal.DENIED, "the person cancelled")
    return callback_refusal(params)
