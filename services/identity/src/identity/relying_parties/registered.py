"""What is registered, as the rest of the service sees it: frozen values, free of the database."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from identity.sealing import digest


@dataclass(frozen=True)
class RegisteredCity:
    """A municipality: its name and looks, its languages, its help line."""

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
    """One of a client's secrets: its SHA-256, and when it stops working (None: never)."""

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
    # For which it may exchange its residents' access tokens (RFC 8693).
    token_exchange_resources: frozenset[str] = frozenset()

    @property
    def is_public(self) -> bool:
        """Whether it cannot keep a secret (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105 - the registered name of a method

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
