"""Identity and the portal at one host name, each below its path, in one browser that keeps cookies by path.

A reverse proxy hands each its requests with the whole path; here that is one function. The rest is real: the
portal asks identity over HTTP, and billing_link its keys.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import portal.app
import portal.config
import pytest
import requests
from billing_link.outbound_http import OutboundHttp
from billing_link.tokens.issuer_keys import LIMITS, IssuerKeys
from billing_link.trusted_authorities import TrustedAuthorities
from flask import Flask
from identity.app import create_app
from identity.config import Settings
from identity.outbox.models import OutboxMessage
from identity.secret_keys import SecretKeys
from identity_provider import CLIENT_SECRET, SECRET_KEY, Provider
from page import Page
from sqlalchemy import select
from werkzeug.serving import make_server

CLIENT = "citizen-self-service"
PASSWORD = "seven herons over the pond"


class Proxy:
    """The one address of the host: each service gets what is below its path, the path left as it is."""

    def __init__(self) -> None:
        self.services: dict[str, Flask] = {}
        self.passed: list[tuple[str, str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        first = "/" + environ["PATH_INFO"].split("/")[1]
        cookies = environ.get("HTTP_COOKIE", "")
        self.passed.append((first, cookies))
        return self.services[first].wsgi_app(environ, start_response)


class Browser:
    """Follows links and redirects, sends forms, and knows which addresses it was sent to."""

    def __init__(self) -> None:
        self.session, self.url, self.seen = requests.Session(), "", list[str]()

    def open(self, url: str, data: dict[str, str] | None = None) -> Page:
        self.url = urljoin(self.url, url)
        answer = self.session.request("POST" if data else "GET", self.url, data=data, timeout=20)
        self.seen += [*(one.url for one in answer.history), answer.url]
        self.url = answer.url
        return Page.ok(answer)

    def submit(self, page: Page, **values: str) -> Page:
        """Send the page's form that has these fields."""
        form = next(form for form in page.root.forms if set(values) <= set(form.fields))
        fields = {name: str(value) for name, value in form.form_values()}
        return self.open(form.get("action"), fields | values)


@pytest.fixture
def host(provider: Provider, fresh_database: Callable[[str], str]) -> Iterator[tuple[str, Proxy]]:
    """Return the host's address and the proxy, with identity below `/id` and the portal below `/pay`."""
    proxy = Proxy()
    server = make_server("127.0.0.1", 0, proxy, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    pay = f"{address}/pay"
    provider.client(
        id=CLIENT,
        redirect_uris=[f"{pay}/sign-in/callback"],
        post_logout_redirect_uris=[f"{pay}/"],
        initiate_login_uri=f"{pay}/sign-in",
    )
    identity = Settings(issuer=f"{address}/id", database_url=provider.url, secret_keys=[SECRET_KEY])
    proxy.services["/id"] = create_app(identity, hashing="cheap", providers={})
    settings = portal.config.Settings(
        base_url=pay,
        database_url=fresh_database("portal"),
        secret_keys=[SECRET_KEY],
        issuer=identity.issuer,
        client_id=CLIENT,
        client_secret=CLIENT_SECRET,
        city="pinellas-park",
        billing_link_target="127.0.0.1:9",
    )
    proxy.services["/pay"] = portal.app.create_app(settings)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield address, proxy
    server.shutdown()
    thread.join()
    server.server_close()
    proxy.services["/id"].extensions["identity"].dispose()
    for close in proxy.services["/pay"].extensions["portal.close"]:
        close()


def test_a_resident_signs_up_signs_in_and_signs_out(provider: Provider, host: tuple[str, Proxy]) -> None:
    address, proxy = host
    browser = Browser()

    page = browser.open(f"{address}/pay")
    page = browser.open(page.link("Citizen Self Service"))
    page = browser.open(page.link("Sign up"))
    named = {"first_name": "Nia", "last_name": "Lopez"}
    page = browser.submit(page, email="nia@example.com", password=PASSWORD, **named)
    page = browser.submit(page, code=mailed_code(provider))
    page = browser.submit(page, email="nia@example.com", password=PASSWORD)
    assert (page.heading, browser.url) == ("Welcome to Citizen Self Service", f"{address}/pay/home")
    assert "nia@example.com" in page.text

    kept = {cookie.name: cookie.path for cookie in browser.session.cookies}
    assert set(kept.values()) == {"/id", "/pay"}
    assert all(name.startswith(f"{path[1:]}-") for name, path in kept.items())

    page = browser.open(page.form("/pay/sign-out").action, page.form("/pay/sign-out").fields)
    assert "You are signed out." in page.text
    assert urlsplit(browser.url).path == "/pay/"
    # At identity too.
    browser.open(f"{address}/id/profile")
    assert urlsplit(browser.url).path == "/id/sign-in"

    assert {urlsplit(url).path.split("/")[1] for url in browser.seen} == {"id", "pay"}
    for first, cookies in proxy.passed:
        names = re.findall(r"(?:^|; )(\w+)-[\w-]*=", cookies)
        assert {f"/{name}" for name in names} <= {first}, "a cookie of the other service"


def test_billing_link_finds_the_keys_of_an_issuer_below_a_path(host: tuple[str, Proxy]) -> None:
    address, _ = host

    keys = IssuerKeys(f"{address}/id", OutboundHttp(LIMITS, TrustedAuthorities()))

    assert keys.find_key("key-ES256", "ES256") is not None


def mailed_code(provider: Provider) -> str:
    """Return the code of the last mail."""
    with provider.storage.autocommit() as connection:
        payload = connection.execute(select(OutboxMessage.payload)).scalars().all()[-1]
    return str(json.loads(SecretKeys([SECRET_KEY]).decrypt(payload))["facts"]["code"])
