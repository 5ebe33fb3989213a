"""Sign in with Google.

OpenID Connect with these differences (https://developers.google.com/identity/openid-connect):

- `iss` may lack its scheme in old tokens.
- `email_verified` can be relied upon.
- `hd` names a Workspace domain, which can expire and get another owner, so it is not read.
- The parameter for the page's language is `hl`.
- Security events (RISC, https://developers.google.com/identity/protocols/risc) name the issuer with a final
  slash.
"""

from collections.abc import Mapping

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from identity.clock import Clock
from identity.identity_providers import claims as read
from identity.identity_providers.code_flow import ClientSecret, CodeFlow, token_refusal
from identity.identity_providers.code_flow import callback_refusal as standard_refusal
from identity.identity_providers.http import ProviderHttp
from identity.identity_providers.keys import ProviderDocument, SigningKeys
from identity.identity_providers.openid_connect import DiscoveredMetadata, OpenIDConnect
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
    subject_of,
    verify_security_event,
)
from identity.identity_providers.settings import Address, ProviderSettings, is_fit_for_secrets
from identity.identity_providers.signed_tokens import IdTokenRules

_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
_OAUTH = "https://schemas.openid.net/secevent/oauth/event-type/"
_KINDS = {
    f"{_RISC}sessions-revoked": SecurityEventKind.ACCOUNT_TAKEOVER,
    f"{_RISC}account-credential-change-required": SecurityEventKind.ACCOUNT_AT_RISK,
    f"{_RISC}account-disabled": SecurityEventKind.ACCOUNT_DISABLED,
    f"{_RISC}account-enabled": SecurityEventKind.ACCOUNT_ENABLED,
    f"{_RISC}account-purged": SecurityEventKind.ACCOUNT_DELETED,
    f"{_OAUTH}tokens-revoked": SecurityEventKind.ACCESS_REVOKED,
    f"{_RISC}verification": SecurityEventKind.TEST,
}


class GoogleSettings(ProviderSettings):
    """A client of Google's, from the Google Cloud console."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_GOOGLE_")

    client_id: str
    client_secret: SecretStr
    issuer: Address = "https://accounts.google.com"


class Google:
    """The provider `google`."""

    key = "google"
    brand = Brand("Google", "Sign in with Google", "providers/google.svg")

    def __init__(self, settings: GoogleSettings, http: ProviderHttp, clock: Clock) -> None:
        self._settings, self._http, self._clock = settings, http, clock
        self._openid = OpenIDConnect(
            flow=CodeFlow(
                http,
                settings.client_id,
                ClientSecret(settings.client_secret.get_secret_value()),
                "openid email profile",
                token_refusal,
            ),
            metadata=DiscoveredMetadata(settings.issuer, http, clock),
            rules=IdTokenRules(
                settings.client_id,
                accepts_issuer=lambda signed: (
                    signed.claims.get("iss") in (settings.issuer, settings.issuer.removeprefix("https://"))
                ),
                algorithms=("RS256",),
            ),
            accepts_callback_issuer=lambda issuer: issuer == settings.issuer,
            clock=clock,
        )
        self._risc = ProviderDocument(f"{settings.issuer}/.well-known/risc-configuration", http, clock)
        self._risc_keys: dict[str, SigningKeys] = {}

    def authorization_url(self, request: AuthenticationRequest) -> str:
        """Return the URL to send the browser to; see `Provider`."""
        return self._openid.authorization_url(
            request,
            {
                "login_hint": request.login_hint,
                "hl": request.language,
                # Several people of a household may use one browser.
                "prompt": "select_account",
            },
        )

    def identity_from_callback(
        self, params: Mapping[str, str], expected: ExpectedResponse
    ) -> ProviderIdentity:
        """Return the identity of the person who signed in; see `Provider`."""
        id_token = self._openid.redeem_callback(params, expected, _callback_refusal).id_token
        claims = id_token.claims
        email = read.email(claims.get("email"))
        return ProviderIdentity(
            issuer=self._settings.issuer,
            subject=id_token.subject,
            email=email,
            email_verified=email is not None and claims.get("email_verified") is True,
            given_name=read.name(claims.get("given_name")),
            family_name=read.name(claims.get("family_name")),
            locale=read.locale(claims.get("locale")),
            amr=read.amr(claims.get("amr")),
        )

    def check(self) -> None:
        """Check reachability and credentials; see `Provider`."""
        self._openid.check()

    def read_security_events(self, token: str) -> VerifiedSecurityEvents:
        """Verify a security event token that was posted to us, and return its events.

        Events that change nothing here are left out, such as the end of a single token, which is not kept.
        Raises `ProviderRefusal`: INVALID_ANSWER, or UNAVAILABLE if Google's keys cannot be fetched.
        """
        configuration = self._risc.get()
        issuer, keys_uri = configuration.get("issuer"), configuration.get("jwks_uri")
        if str(issuer).rstrip("/") != self._settings.issuer or not is_fit_for_secrets(str(keys_uri)):
            raise ProviderRefusal(
                Refusal.UNAVAILABLE, "the security event configuration is of another issuer"
            )
        keys = self._risc_keys.setdefault(str(keys_uri), SigningKeys(str(keys_uri), self._http, self._clock))
        event_token = verify_security_event(
            token, keys, issuer=str(issuer), audience=self._settings.client_id, now=self._clock.now()
        )
        events = event_token.events if isinstance(event_token.events, dict) else {}
        known = (self._security_event(uri, event) for uri, event in events.items())
        return VerifiedSecurityEvents(event_token.id, event_token.issued_at, tuple(e for e in known if e))

    def _security_event(self, uri: str, event: object) -> SecurityEvent | None:
        kind = _KINDS.get(uri)
        if kind is None or not isinstance(event, dict):
            return None
        if kind is SecurityEventKind.TEST:
            return SecurityEvent(kind, self._settings.issuer, None, read.text(event.get("state"), 1024))
        if kind is SecurityEventKind.ACCOUNT_DISABLED and event.get("reason") == "hijacking":
            kind = SecurityEventKind.ACCOUNT_TAKEOVER
        subject = subject_of(event, self._settings.issuer)
        return SecurityEvent(kind, self._settings.issuer, subject) if subject else None


def _callback_refusal(params: Mapping[str, str]) -> ProviderRefusal:
    # The person's Workspace forbids this sign-in: another attempt would fail as well.
    if params.get("error") == "admin_policy_enforced":
        return ProviderRefusal(Refusal.DISABLED, "refused by the policy of the person's organisation")
    return standard_refusal(params)
