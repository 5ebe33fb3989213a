"""OAuth 2.0 Multiple Response Types §2.1 and OAuth 2.0 Form Post Response Mode."""

import re
from urllib.parse import parse_qs, urlsplit

from identity_provider import ISSUER, Provider


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
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    assert f'action="{client.redirect_uri}"' in page
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    assert fields["iss"] == ISSUER
    assert fields["state"] == "&#34;&gt;&lt;script&gt;"
    assert '<button class="usa-button usa-button--block" type="submit">' in page
    assert "form-action 'self' https://city.example" in response.headers["Content-Security-Policy"]
    assert provider.redeem(client, fields["code"]).status_code == 200
