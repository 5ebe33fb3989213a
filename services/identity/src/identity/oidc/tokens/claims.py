"""Claims about a resident: by scope (OpenID Connect Core §5.4), or by name (§5.5)."""

from collections.abc import Collection

from identity.oidc.grants.store import GrantView
from identity.oidc.grants.userinfo_store import UserInfoGrant

# The password alone; a second factor will bring its own value.
SINGLE_FACTOR = "urn:community-access:acr:single-factor"

# The claims about a resident, each with the scope that contains it, and what ID tokens always contain; the
# discovery document lists both.
SCOPES = {
    "name": "profile",
    "given_name": "profile",
    "family_name": "profile",
    "locale": "profile",
    "email": "email",
    "email_verified": "email",
}
ID_TOKEN_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "nonce", "at_hash")


def about_resident(
    grant: GrantView | UserInfoGrant, *, scope: Collection[str], names: Collection[str]
) -> dict[str, object]:
    """Return the claims that the scope contains, and those of these names: personal data."""
    claims: dict[str, object] = {
        "name": f"{grant.given_name} {grant.family_name}".strip(),
        "given_name": grant.given_name,
        "family_name": grant.family_name,
        "locale": grant.language,
    }
    if grant.email:
        claims |= {"email": grant.email, "email_verified": grant.email_verified}
    return {name: value for name, value in claims.items() if SCOPES[name] in scope or name in names}


def for_resource(grant: GrantView, city_id: str) -> dict[str, object]:
    """Return the personal data that a resource, such as billing_link, needs to act for the resident."""
    claims: dict[str, object] = {
        "city": city_id,
        "given_name": grant.given_name,
        "family_name": grant.family_name,
    }
    if grant.email:
        claims |= {"email": grant.email, "email_verified": grant.email_verified}
    return claims
