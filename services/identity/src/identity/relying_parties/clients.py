"""Registered cities, clients and resources as frozen values, independent of the database."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from identity.secret_keys import digest

# The method of a client that chose neither way to send its secret; no registered name of RFC 7591 §2.
EITHER_SECRET: Final = "client_secret"  # noqa: S105 - a method's name
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
_NOT_REGISTERED = frozenset({"secrets", "subject_salt", "registered_itself"})


@dataclass(frozen=True)
class RegisteredCity:
    """A municipality: its name, branding, languages and support line."""

    id: str
    name: str
    website: str
    support_phone: str
    support_name: str
    primary_color: str
    accent_color: str
    logo_svg: str
    # BCP 47, the first is the default.
    languages: tuple[str, ...]
    # IANA name, such as `America/New_York`.
    time_zone: str
    notice: str
    # The providers that its pages offer, by their keys; None for all of the deployment, () for none.
    sign_in_methods: tuple[str, ...] | None = None


@dataclass(frozen=True)
class LiveSecret:
    """One of a client's secrets: its SHA-256 in hex, and when it expires (UTC; None: never)."""

    digest: str
    expires_at: datetime | None


@dataclass(frozen=True)
class RegisteredClient:
    """An OpenID Connect relying party that is not disabled."""

    id: str
    city_id: str
    name: str
    token_endpoint_auth_method: str
    id_token_signed_response_alg: str
    grant_types: frozenset[str]
    redirect_uris: frozenset[str]
    post_logout_redirect_uris: frozenset[str]
    initiate_login_uri: str
    scopes: frozenset[str]
    resources: frozenset[str]
    pkce_required: bool
    first_party: bool
    secrets: tuple[LiveSecret, ...]
    # Resource indicators for which it may exchange its residents' access tokens (RFC 8693).
    token_exchange_resources: frozenset[str] = frozenset()
    # Its public keys (RFC 7517), or the URL of its key set; None and empty when it has none.
    jwks: dict[str, Any] | None = None
    jwks_uri: str = ""
    # RFC 4514; empty unless it authenticates with a certificate from an authority (RFC 8705 §2.1).
    tls_client_auth_subject_dn: str = ""
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    # `fapi2`, or empty.
    profile: str = ""
    # Where its logout tokens are sent (OpenID Connect Back-Channel Logout §2.2); None: none are.
    backchannel_logout_uri: str | None = None
    # True: a logout token must contain `sid` (OpenID Connect Back-Channel Logout §2.2).
    backchannel_logout_session_required: bool = False
    # Empty: userinfo responds to it in plain JSON.
    userinfo_signed_response_alg: str = ""
    # Its ID tokens contain the claims of the scope too (OpenID Connect Core §5.4), beside userinfo.
    claims_in_id_token: bool = False
    # `public` or `pairwise`.
    subject_type: str = "public"
    # Its host is the sector of a pairwise `sub`, within the city; empty: the city itself is.
    sector_identifier_uri: str = ""
    # Shown at consent (OpenID Connect Registration §2): its logo, its privacy policy, its terms of service.
    logo_uri: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    # A secret of its city's; no part of the registration.
    subject_salt: str = field(default="", repr=False, compare=False)
    # It registered itself and can change its own registration (RFC 7591, RFC 7592); no part of that.
    registered_itself: bool = field(default=False, compare=False)

    @property
    def registration(self) -> dict[str, Any]:
        """The registered fields, without the client's secrets and the city's salt."""
        return {name: value for name, value in vars(self).items() if name not in _NOT_REGISTERED}

    @property
    def is_public(self) -> bool:
        """Whether it cannot keep a secret (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105 - the registered name of a method

    @property
    def uses_secret(self) -> bool:
        """Whether it authenticates with a client secret (RFC 6749 §2.3.1)."""
        return self.token_endpoint_auth_method in (EITHER_SECRET, *SECRET_METHODS)

    @property
    def authentication_methods(self) -> tuple[str, ...]:
        """The methods by which it may authenticate: one, unless it chose no way to send its secret."""
        method = self.token_endpoint_auth_method
        return SECRET_METHODS if method == EITHER_SECRET else (method,)

    @property
    def follows_fapi2(self) -> bool:
        """Whether it follows the FAPI 2.0 Security Profile."""
        return self.profile == "fapi2"

    def may_sign_with(self, alg: str) -> bool:
        """Tell whether its JWTs may have this algorithm; FAPI 2.0 §5.4.1 leaves RS256 out."""
        return not (self.follows_fapi2 and alg == "RS256")

    def subject_of(self, resident_id: str) -> str:
        """Return the `sub` by which the client knows a resident (OpenID Connect Core §8).

        A pairwise `sub` is the same for all clients of a city, or of a sector in it, and only identity can
        map it back (§8.1).
        """
        if self.subject_type == "public":
            return resident_id
        sector = urlsplit(self.sector_identifier_uri).hostname
        text = f"{sector}\0{resident_id}" if sector else resident_id
        mac = hmac.new(self.subject_salt.encode(), text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def accepts_secret(self, secret: str, now: datetime) -> bool:
        """Tell whether this is one of its live secrets; takes the same time for each of them."""
        offered = digest(secret)
        accepted = False
        for live in self.secrets:
            is_live = live.expires_at is None or live.expires_at > now
            accepted |= hmac.compare_digest(offered, live.digest) and is_live
        return accepted


@dataclass(frozen=True)
class DescribedClient:
    """A client as an operator sees it: with all its secrets, disabled or not."""

    client: RegisteredClient
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True)
class RegisteredResource:
    """A service that accepts identity's access tokens, such as billing_link."""

    # The resource indicator (RFC 8707), which is the `aud` of its tokens.
    id: str
    name: str
    secret_digest: str
    scopes: frozenset[str]

    def accepts_secret(self, secret: str) -> bool:
        """Tell whether this is its secret, in constant time."""
        return hmac.compare_digest(digest(secret), self.secret_digest)
