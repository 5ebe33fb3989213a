"""What the modules of the OpenID conformance suite share: one client, one browser, the whole flow."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from identity.continuation import Continuations
from identity.secret_keys import SecretKeys
from identity_provider import SECRET_KEY, Browser, Client, Provider, answered
from page import Page
from werkzeug.test import TestResponse


class Suite:
    """Plays the suite's relying party, with answers by one response mode."""

    def __init__(self, provider: Provider, mode: str) -> None:
        self.provider, self.mode = provider, mode
        self.client = provider.client()
        self.resident = provider.resident()
        self.browser = provider.browser(self.resident)

    def authorize(self, browser: Browser | None = None, client: Client | None = None, **changes: Any):
        """Send the authorization request; None leaves a parameter out."""
        mode = {} if self.mode == "query" else {"response_mode": self.mode}
        request = (client or self.client).request(**mode | changes)
        return (browser or self.browser).authorize(request)

    def answer(self, response: TestResponse) -> dict[str, str]:
        """Return what the client is told, by redirect or by the form that the browser posts."""
        if self.mode == "query":
            return answered(response)
        assert "Location" not in response.headers
        form = Page.ok(response).form(self.client.redirect_uri)
        assert form.method == "POST"
        return form.fields

    def code(self, **changes: Any) -> str:
        """Return a code for the resident who is signed in."""
        answer = self.answer(self.authorize(**changes))
        assert "code" in answer, answer
        assert answer.get("state") == changes.get("state", "the-state")
        return answer["code"]

    def tokens(self, client: Client | None = None, **changes: Any) -> dict[str, Any]:
        """Return the tokens of a whole flow."""
        client = client or self.client
        response = self.provider.redeem(client, self.code(client=client, **changes))
        assert response.status_code == 200, response.json
        return dict(response.json or {})

    def flow(self, client: Client | None = None, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Go through the whole flow up to userinfo; return the claims of the ID token and of userinfo."""
        tokens = self.tokens(client, **changes)
        claims = self.provider.claims(tokens["id_token"])
        userinfo = self.provider.userinfo(tokens["access_token"])
        assert userinfo.status_code == 200
        assert userinfo.json["sub"] == claims["sub"] == self.resident
        return claims, userinfo.json

    def sign_in_again(self, response: TestResponse) -> dict[str, str]:
        """Sign in as the page asks for, then go on with the interaction; return the client's answer."""
        assert response.location.startswith("/sign-in?")
        page = self.browser.get(response.location).get_data(as_text=True)
        assert 'autocomplete="current-password"' in page
        signed = parse_qs(urlsplit(response.location).query)["continue"][0]
        self.browser.sign_in(self.resident)
        return self.answer(self.browser.get(Continuations(SecretKeys([SECRET_KEY])).read(signed).path))


@pytest.fixture
def suite(provider: Provider, response_mode: str) -> Suite:
    return Suite(provider, response_mode)
