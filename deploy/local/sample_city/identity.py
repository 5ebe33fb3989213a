"""The sample city as identity registers it: its appearance, its clients and their scopes."""

from collections.abc import Mapping

from deploy.local.settings import AUDIENCE, CITY


def clients(values: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """Return the portal and the city website as clients, each by the variable that holds its secret."""
    portal = _client(values["PORTAL_CLIENT_ID"], "Citizen Self Service", values["PORTAL_BASE_URL"])
    website = _client(
        values["CITY_WEBSITE_CLIENT_ID"], "City of Pinellas Park website", values["CITY_WEBSITE_BASE_URL"]
    )
    own = ["openid", "profile", "email"]
    billing = {"scopes": [*own, "offline_access", "billing.read", "billing.link"], "resources": [AUDIENCE]}
    return {
        "PORTAL_CLIENT_SECRET": portal | billing,
        "CITY_WEBSITE_CLIENT_SECRET": website | {"scopes": own},
    }


def _client(client_id: str, name: str, base_url: str) -> dict[str, object]:
    return {
        "id": client_id,
        "city_id": CITY,
        "name": name,
        "redirect_uris": [f"{base_url}/sign-in/callback"],
        "post_logout_redirect_uris": [f"{base_url}/"],
        "initiate_login_uri": f"{base_url}/sign-in",
        "first_party": True,
        "backchannel_logout_uri": f"{base_url}/backchannel-logout",
        "backchannel_logout_session_required": True,
    }
