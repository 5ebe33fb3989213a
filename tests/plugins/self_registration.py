"""A client that registers itself: the operator's invitation, and what the client sends and is answered."""

from dataclasses import dataclass
from typing import Any

from identity.relying_parties.admin import NewInvitation, Registry
from identity.relying_parties.schemas import read_invitation
from identity_provider import CITY, ISSUER, Browser, Client, Provider
from werkzeug.test import TestResponse

METADATA = {
    "client_name": "Neighborhood Calendar",
    "redirect_uris": ["https://calendar.example/callback"],
    "post_logout_redirect_uris": ["https://calendar.example/"],
}


def invited(provider: Provider, **changes: Any) -> NewInvitation:
    """Make an invitation, as `identity clients invite` does."""
    content = {"city_id": CITY, "redirect_hosts": ["calendar.example"]} | changes
    return Registry(provider.storage, provider.clock).invite(read_invitation(content))


def bearer(token: str | None) -> dict[str, str]:
    """Return the header of a bearer token."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def register(provider: Provider, token: str | None, metadata: Any = None, **options: Any) -> TestResponse:
    """Send metadata to the client registration endpoint."""
    options = {"json": METADATA if metadata is None else metadata} | options
    return provider.app.test_client().post("/register", headers=bearer(token), base_url=ISSUER, **options)


@dataclass
class SelfRegistered:
    """A client that registered itself, and its registration access token."""

    provider: Provider
    information: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.information["client_id"])

    def ask(self, method: str, token: str | None = None, **options: Any) -> TestResponse:
        """Ask the client configuration endpoint, with its own token unless another is named."""
        address = self.information["registration_client_uri"].removeprefix(ISSUER)
        headers = bearer(token or self.information["registration_access_token"])
        return self.provider.app.test_client().open(
            address, method=method, headers=headers, base_url=ISSUER, **options
        )

    def put(self, token: str | None = None, **changes: Any) -> TestResponse:
        """Send all of its metadata again, with changes; None leaves a field out. Keeps what is answered."""
        sent = {"client_id": self.id, **METADATA} | changes
        response = self.ask("PUT", token, json={k: v for k, v in sent.items() if v is not None})
        if response.status_code == 200:
            self.information = dict(response.json or {})
        return response

    def relying_party(self) -> Client:
        """Return the client as it signs residents in, five seconds later."""
        self.provider.advance(seconds=6)
        secret = self.information.get("client_secret")
        return Client(self.id, secret, self.information["redirect_uris"][0], "openid profile")


def allowed(browser: Browser, client: Client) -> TestResponse:
    """Let the resident agree on the consent page; return the redirect to the client."""
    asked = browser.authorize(client.request()).location
    page = browser.get(asked).get_data(as_text=True)
    assert f"{METADATA['client_name']} (" in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    agreed = browser.post(asked, {"csrf_token": token, "answer": "yes"})
    return browser.get(agreed.location)


def self_registered(
    provider: Provider, invitation: dict[str, Any] | None = None, **changes: Any
) -> SelfRegistered:
    """Return a client that registered itself by an invitation of its own."""
    response = register(provider, invited(provider, **(invitation or {})).token, METADATA | changes)
    assert response.status_code == 201, response.json
    return SelfRegistered(provider, dict(response.json or {}))
