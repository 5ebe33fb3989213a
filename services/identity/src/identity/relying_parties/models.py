"""Cities, clients and resources, as stored."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity import randomness
from identity.storage import Model


class City(Model):
    """A municipality: its name, branding, languages and support line. It owns clients."""

    __tablename__ = "cities"

    # A slug such as `pinellas-park`; the `city` claim.
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    website: Mapped[str] = mapped_column(String(255))
    support_phone: Mapped[str] = mapped_column(String(32))
    # Who answers the phone, such as "Utility Billing Department".
    support_name: Mapped[str] = mapped_column(String(100))
    # `#rrggbb`; checked for contrast when written.
    primary_color: Mapped[str] = mapped_column(String(7))
    accent_color: Mapped[str] = mapped_column(String(7))
    # An SVG drawing without scripts or outside references.
    logo_svg: Mapped[str] = mapped_column(Text)
    # BCP 47, the first is the default.
    languages: Mapped[list[str]] = mapped_column(JSON)
    # IANA name, such as `America/New_York`: of the times in mails and on pages.
    time_zone: Mapped[str] = mapped_column(String(64))
    # A sentence the city shows on every page, such as about an outage; empty for none.
    notice: Mapped[str] = mapped_column(Text, default="")
    # The providers that its pages offer, by their keys; NULL for all of the deployment, [] for none.
    sign_in_methods: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    # A secret: makes pairwise `sub`s (OpenID Connect Core §8.1). It never changes.
    subject_salt: Mapped[str] = mapped_column(String(64), default=randomness.secret)


class Client(Model):
    """An OpenID Connect relying party of a city: a website, the portal."""

    __tablename__ = "clients"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    city_id: Mapped[str] = mapped_column(String(64), ForeignKey("cities.id"), index=True)
    # As residents know it, such as "Citizen Self Service".
    name: Mapped[str] = mapped_column(String(100))
    # `client_secret_basic`, `client_secret_post`, `private_key_jwt`, `tls_client_auth`,
    # `self_signed_tls_client_auth` or `none` (a public client).
    token_endpoint_auth_method: Mapped[str] = mapped_column(String(32))
    # With `client_secret_basic`: that was not chosen, and `client_secret_post` serves as well.
    either_secret_method: Mapped[bool] = mapped_column(Boolean, default=True)
    # RS256 by default (OpenID Connect Registration §2): many libraries support nothing else.
    id_token_signed_response_alg: Mapped[str] = mapped_column(String(16), default="RS256")
    # Empty: userinfo responds in plain JSON.
    userinfo_signed_response_alg: Mapped[str] = mapped_column(String(16), default="")
    # For libraries that read no userinfo: ID tokens contain the claims of the scope too.
    claims_in_id_token: Mapped[bool] = mapped_column(Boolean, default=False)
    # `public`, or `pairwise`: a `sub` of its city's own for each resident (OpenID Connect Core §8).
    subject_type: Mapped[str] = mapped_column(String(16), default="public")
    # Names the sector of a pairwise `sub` (OpenID Connect Core §8.1); empty: the city is the sector.
    sector_identifier_uri: Mapped[str] = mapped_column(String(512), default="")
    grant_types: Mapped[list[str]] = mapped_column(JSON)
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    # Starts the client's own sign-in (OpenID Connect Core §4).
    initiate_login_uri: Mapped[str] = mapped_column(String(512))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    # Resource indicators (RFC 8707) that its access tokens may be for, beside userinfo.
    resources: Mapped[list[str]] = mapped_column(JSON)
    # Resource indicators for which it may exchange its residents' access tokens (RFC 8693).
    token_exchange_resources: Mapped[list[str]] = mapped_column(JSON)
    # False only for a confidential client whose library cannot do PKCE.
    pkce_required: Mapped[bool] = mapped_column(Boolean)
    # The city's own: no consent page.
    first_party: Mapped[bool] = mapped_column(Boolean)
    # Its public keys as a JWK Set, or where it publishes them.
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    jwks_uri: Mapped[str] = mapped_column(String(512), default="")
    # RFC 8705 §2.1.2, in the form of RFC 4514.
    tls_client_auth_subject_dn: Mapped[str] = mapped_column(String(512), default="")
    # Its tokens work only with its certificate (RFC 8705 §3), or only with its DPoP key (RFC 9449 §5.2).
    tls_client_certificate_bound_access_tokens: Mapped[bool] = mapped_column(Boolean, default=False)
    dpop_bound_access_tokens: Mapped[bool] = mapped_column(Boolean, default=False)
    # Authorization requests only by PAR (RFC 9126 §6), or only signed (RFC 9101 §10.5).
    require_pushed_authorization_requests: Mapped[bool] = mapped_column(Boolean, default=False)
    require_signed_request_object: Mapped[bool] = mapped_column(Boolean, default=False)
    # `fapi2`: weaker settings are refused (FAPI 2.0 Security Profile); or empty.
    profile: Mapped[str] = mapped_column(String(16), default="")
    # Where its logout tokens are sent (OpenID Connect Back-Channel Logout §2.2); None: none are.
    backchannel_logout_uri: Mapped[str | None] = mapped_column(String(512))
    backchannel_logout_session_required: Mapped[bool] = mapped_column(Boolean, default=False)
    # Shown where a resident is asked for consent (OpenID Connect Registration §2); empty for none.
    logo_uri: Mapped[str] = mapped_column(String(512), default="")
    policy_uri: Mapped[str] = mapped_column(String(512), default="")
    tos_uri: Mapped[str] = mapped_column(String(512), default="")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class ClientSecret(Model):
    """One of a client's secrets: 256 random bits, stored as SHA-256 without salt."""

    __tablename__ = "client_secrets"

    client_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class Resource(Model):
    """A service that accepts identity's access tokens and calls identity, such as billing_link."""

    __tablename__ = "resources"

    # The resource indicator: an absolute URI, the tokens' `aud`.
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    secret_digest: Mapped[str] = mapped_column(String(64))
    # What its tokens may allow, such as `billing.read`.
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
