"""OAuth 2.0 Multiple Response Types §2.1 and OAuth 2.0 Form Post Response Mode."""

from urllib.parse import parse_qs, urlsplit

from identity_provider import ISSUER, Provider
from page import Page


def test_fragment(provider: Provider):
    client = provider.client()
    response = provider.browser(provider.resident()).authorize(client.request(response_mode="fragment"))
    parts = urlsplit(response.location)
    assert parts.query == ""
    assert {"code", "state", "iss"} == set(parse_qs(parts.fragment))


def test_fragment_errors(provider: Provider):
    client = provider.client()
    request = client.request(response_mode="fragment", prompt="none")
    parts = urlsplit(provider.browser().authorize(request).location)
    assert parse_qs(parts.fragment)["error"] == ["login_required"]


def test_form_post_sends_a_form_that_works_without_scripts(provider: Provider):
    client = provider.client()
    request = client.request(response_mode="form_post", state='"><script>')
    response = provider.browser(provider.resident()).authorize(request)
    form = Page.ok(response).form(client.redirect_uri)
    fields = form.fields
    assert fields["iss"] == ISSUER
    assert fields["state"] == '"><script>'
    assert len(form.buttons) == 1
    assert "form-action 'self' https://city.example" in response.headers["Content-Security-Policy"]
    assert provider.redeem(client, fields["code"]).status_code == 200
