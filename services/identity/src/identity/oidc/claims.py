"""What is said of a resident: claims by scope (OpenID Connect Core §5.4)."""

from collections.abc import Collection

from identity.oidc.store import GrantFacts

# The password alone; a second factor will bring its own value.
SINGLE_FACTOR = "urn:community-access:acr:single-factor"

# What userinfo may contain, and what ID tokens always do; the discovery document lists both.
USERINFO_CLAIMS = ("sub", "name", "given_name", "family_name", "locale", "email", "email_verified")
ID_TOKEN_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "nonce", "at_hash")


def at_userinfo(facts: GrantFacts, scope: Collection[str]) -> dict[str, object]:
    """Return the claims that the scope allows."""
    claims: dict[str, object] = {"sub": facts.resident_id}
    if "profile" in scope:
        claims |= {
            "name": f"{facts.given_name} {facts.family_name}".strip(),
            "given_name": facts.given_name,
            "family_name": facts.family_name,
            "locale": facts.language,
        }
    if "email" in scope and facts.email:
        claims |= {"email": facts.email, "email_verified": facts.email_verified}
    return claims


def for_resource(facts: GrantFacts, city_id: str) -> dict[str, object]:
    """Return what a service of the city's, such as billing_link, must know to act for the resident."""
    claims: dict[str, object] = {
        "city": city_id,
        "given_name": facts.given_name,
        "family_name": facts.family_name,
    }
    if facts.email:
        claims |= {"email": facts.email, "email_verified": facts.email_verified}
    return claims
