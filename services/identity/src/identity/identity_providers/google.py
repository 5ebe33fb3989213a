"""Sign in with Google.

OpenID Connect as in the standard, with these ways of its own
(https://developers.google.com/identity/openid-connect): `iss` may lack its scheme in old tokens;
`email_verified` may be relied upon; `hd` names a Workspace domain, which can expire and be registered by
somebody else, so it is not read; the page's language is asked for with `hl`. Security events (RISC,
https://developers.google.com/identity/protocols/risc) name the issuer with a final slash.
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
    Brand,
    Expected,
    ProviderIdentity,
    ProviderRefusal,
    Question,
    Refusal,
)
from identity.identity_providers.security_events import (
    SecurityNotice,
    SecuritySignal,
    SignalKind,
    subject_of,
    verify_security_event,
)
from identity.identity_providers.settings import Address, ProviderSettings, is_fit_for_secrets
from identity.identity_providers.signed_tokens import IdTokenRules

_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
_OAUTH = "https://schemas.openid.net/secevent/oauth/event-type/"
_MEANINGS = {
    f"{_RISC}sessions-revoked": SignalKind.ACCOUNT_TAKEOVER,
    f"{_RISC}account-credential-change-required": SignalKind.ACCOUNT_AT_RISK,
    f"{_RISC}account-disabled": SignalKind.ACCOUNT_DISABLED,
    f"{_RISC}account-enabled": SignalKind.ACCOUNT_ENABLED,
    f"{_RISC}account-purged": SignalKind.ACCOUNT_DELETED,
    f"{_OAUTH}tokens-revoked": SignalKind.ACCESS_REVOKED,
    f"{_RISC}verification": SignalKind.TEST,
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

    def authorization_url(self, question: Question) -> str:
        """Return where to send the browser; see `Provider`."""
        return self._openid.authorization_url(
            question,
            {
                "login_hint": question.login_hint,
                "hl": question.language,
                # A household's computer holds more than one account.
                "prompt": "select_account",
            },
        )

    def identity_from_callback(self, params: Mapping[str, str], expected: Expected) -> ProviderIdentity:
        """Return who came back; see `Provider`."""
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
        """Try reachability and credentials; see `Provider`."""
        self._openid.check()

    def security_notice(self, token: str) -> SecurityNotice:
        """Verify a security event token posted to our receiver and say what it means.

        Events without a meaning for us (a single token, which we do not keep) are left out. Raises
        `ProviderRefusal`: INVALID_ANSWER, or UNAVAILABLE if Google's keys cannot be fetched.
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
        signals = (self._signal(uri, event) for uri, event in events.items())
        return SecurityNotice(event_token.id, event_token.issued_at, tuple(s for s in signals if s))

    def _signal(self, uri: str, event: object) -> SecuritySignal | None:
        kind = _MEANINGS.get(uri)
        if kind is None or not isinstance(event, dict):
            return None
        if kind is SignalKind.TEST:
            return SecuritySignal(kind, self._settings.issuer, None, read.text(event.get("state"), 1024))
        if kind is SignalKind.ACCOUNT_DISABLED and event.get("reason") == "hijacking":
            kind = SignalKind.ACCOUNT_TAKEOVER
        subject = subject_of(event, self._settings.issuer)
        return SecuritySignal(kind, self._settings.issuer, subject) if subject else None


def _callback_refusal(params: Mapping[str, str]) -> ProviderRefusal:
    # The person's Workspace does not let them use us: nothing that trying again would change.
    if params.get("error") == "admin_policy_enforced":
        return ProviderRefusal(Refusal.DISABLED, "refused by the policy of the person's organisation")
    return standard_refusal(params)
