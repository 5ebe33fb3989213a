"""Sign in with Microsoft.

OpenID Connect with these differences (https://learn.microsoft.com/entra/identity-platform):

- One endpoint serves all tenants, so the metadata's issuer is a template, and each token names its tenant
  (`tid`) and that tenant's issuer. A published key may be bound to one issuer.
- The stable id of a person is `tid` with `oid`: `sub` differs for each client, and one `oid` can occur in
  several tenants.
- A tenant's administrator can write any `email` ("nOAuth"). It counts only where `xms_edov` says that the
  ownership of its domain was verified.
- Errors carry AADSTS codes, which may change.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, SecretStr
from pydantic_settings import SettingsConfigDict

from identity.clock import Clock
from identity.identity_providers import claims as read
from identity.identity_providers.code_flow import ClientSecret, CodeFlow
from identity.identity_providers.code_flow import callback_refusal as standard_callback_refusal
from identity.identity_providers.code_flow import token_refusal as standard_token_refusal
from identity.identity_providers.http import ProviderHttp
from identity.identity_providers.openid_connect import DiscoveredMetadata, OpenIDConnect
from identity.identity_providers.provider import (
    AuthenticationRequest,
    Brand,
    ExpectedResponse,
    ProviderIdentity,
    ProviderRefusal,
    Refusal,
)
from identity.identity_providers.settings import Address, ProviderSettings
from identity.identity_providers.signed_tokens import Claims, IdTokenRules, SignedClaims, refused

# The tenant of all personal accounts.
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SHARED_TENANTS = ("common", "organizations", "consumers")
# The account is disabled; deleted; locked.
_DISABLED_CODES = (50057, 50034, 50053)
_AADSTS = re.compile(r"AADSTS(\d+)")


def _tenant(value: str) -> str:
    tenant = value.lower()
    if tenant not in _SHARED_TENANTS and not _GUID.fullmatch(tenant):
        raise ValueError(f"expected {', '.join(_SHARED_TENANTS)} or a tenant's id (a GUID)")
    return tenant


class MicrosoftSettings(ProviderSettings):
    """An app registration of Entra. `tenant`: common, organizations, consumers, or one tenant's id."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_MICROSOFT_")

    client_id: str
    client_secret: SecretStr
    tenant: Annotated[str, AfterValidator(_tenant)] = "common"
    # The US government's cloud is https://login.microsoftonline.us.
    authority: Address = "https://login.microsoftonline.com"

    def issuer(self, tenant: str) -> str:
        """Return a tenant's issuer."""
        return f"{self.authority}/{tenant}/v2.0"


class Microsoft:
    """The provider `microsoft`."""

    key = "microsoft"
    brand = Brand("Microsoft", "Sign in with Microsoft", "providers/microsoft.svg")

    def __init__(self, settings: MicrosoftSettings, http: ProviderHttp, clock: Clock) -> None:
        self._settings = settings
        self._openid = OpenIDConnect(
            flow=CodeFlow(
                http,
                settings.client_id,
                ClientSecret(settings.client_secret.get_secret_value()),
                "openid email profile",
                _token_refusal,
            ),
            metadata=DiscoveredMetadata(
                settings.issuer(settings.tenant), http, clock, document_issuer=_published_issuer(settings)
            ),
            rules=IdTokenRules(
                settings.client_id, accepts_issuer=self._accepts_issuer, algorithms=("RS256",)
            ),
            accepts_callback_issuer=self._is_issuer_of_tenant,
            clock=clock,
        )

    def authorization_url(self, request: AuthenticationRequest) -> str:
        """Return the URL to send the browser to; see `Provider`."""
        return self._openid.authorization_url(
            request,
            {
                "login_hint": request.login_hint,
                "ui_locales": request.language,
                # Otherwise the account that is signed in on this computer is used without a question.
                "prompt": "select_account",
            },
        )

    def identity_from_callback(
        self, params: Mapping[str, str], expected: ExpectedResponse
    ) -> ProviderIdentity:
        """Return the identity of the person who signed in; see `Provider`."""
        id_token = self._openid.redeem_callback(params, expected, _callback_refusal).id_token
        claims = id_token.claims
        tenant, person = str(claims["tid"]), claims.get("oid")
        if not isinstance(person, str) or not _GUID.fullmatch(person.lower()):
            raise refused("no oid")
        email = read.email(claims.get("email"))
        return ProviderIdentity(
            issuer=self._settings.issuer(tenant),
            subject=f"{tenant}.{person.lower()}",
            email=email,
            email_verified=email is not None and _is_domain_verified(claims),
            given_name=read.name(claims.get("given_name")),
            family_name=read.name(claims.get("family_name")),
            locale=read.locale(claims.get("xms_pl")),
            amr=read.amr(claims.get("amr")),
        )

    def check(self) -> None:
        """Check reachability and credentials; see `Provider`."""
        self._openid.check()

    def _accepts_issuer(self, signed: SignedClaims) -> bool:
        tenant = signed.claims.get("tid")
        if not isinstance(tenant, str) or not _GUID.fullmatch(tenant) or not self._accepts_tenant(tenant):
            return False
        issuer = self._settings.issuer(tenant)
        # Some keys are for one tenant only; most are for any.
        key_issuer = str(signed.published_key.get("issuer", issuer)).replace("{tenantid}", tenant)
        return signed.claims.get("iss") == issuer == key_issuer

    def _accepts_tenant(self, tenant: str) -> bool:
        match self._settings.tenant:
            case "common":
                return True
            case "organizations":
                return tenant != CONSUMERS
            case "consumers":
                return tenant == CONSUMERS
            case only:
                return tenant == only

    def _is_issuer_of_tenant(self, issuer: str) -> bool:
        tenant = issuer.removeprefix(f"{self._settings.authority}/").removesuffix("/v2.0")
        return bool(_GUID.fullmatch(tenant)) and issuer == self._settings.issuer(tenant)


def _published_issuer(settings: MicrosoftSettings) -> str:
    """Return the issuer in the metadata: a template where many tenants share it."""
    if settings.tenant == "consumers":
        return settings.issuer(CONSUMERS)
    return settings.issuer("{tenantid}" if settings.tenant in _SHARED_TENANTS else settings.tenant)


def _is_domain_verified(claims: Claims) -> bool:
    """Return True if the `email` can be relied upon: `xms_edov` alone says so.

    https://learn.microsoft.com/entra/identity-platform/migrate-off-email-claim-authorization. It is a
    boolean, a number or text. `email_verified` is no claim of Microsoft's: where it occurs, the tenant has
    mapped claims of its own, and the address is not trusted.
    """
    if "email_verified" in claims:
        return False
    proved = claims.get("xms_edov")
    return proved is True or (not isinstance(proved, bool) and proved in (1, "1", "true", "True"))


def _callback_refusal(params: Mapping[str, str]) -> ProviderRefusal:
    codes = [int(code) for code in _AADSTS.findall(params.get("error_description", "")[:200])]
    return _disabled(codes) or standard_callback_refusal(params)


def _token_refusal(body: Mapping[str, object]) -> ProviderRefusal:
    codes = body.get("error_codes")
    return _disabled(codes if isinstance(codes, list) else []) or standard_token_refusal(body)


def _disabled(codes: Sequence[object]) -> ProviderRefusal | None:
    # Microsoft may change its codes; then the page says only that the sign-in failed.
    if any(code in _DISABLED_CODES for code in codes):
        return ProviderRefusal(Refusal.DISABLED, "the account is disabled")
    return None
