"""Identity as it really runs (`identity serve`, SQLite, loopback), beside websites with clients of others.

A website is a process too, told by its environment where identity is: ISSUER, BASE_URL, CLIENT_ID and
CLIENT_SECRET.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from identity.clock import SystemClock
from identity.composition.command_line import create_command_line_app
from identity.migrations import upgrade
from identity.relying_parties.admin import Registry
from identity.relying_parties.schemas import read_city, read_client, read_invitation
from identity.residents.accounts.models import Resident
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.store import Passwords
from identity.storage import Storage
from identity_provider import CITY, CLIENT_SECRET, LOGO
from joserfc.jwk import ECKey
from local_stack import free_ports
from lxml import html

ROOT = Path(__file__).parents[3]
SUB, EMAIL = "resident-jane", "jane@example.com"
PASSWORD = "three plums on a windowsill"
SECONDS_TO_START = 60

SELF_REGISTERED = "openid-client that registers itself"

# By the name of the website: where its client returns to, after signing in and after signing out.
WEBSITES = {
    "authlib": ("/callback", "/"),
    "openid-client": ("/callback", "/"),
    "openid-client with keys": ("/callback", "/"),
    SELF_REGISTERED: ("/callback", "/"),
    "oauth4webapi": ("/callback", "/"),
    "mod_auth_openidc": ("/signed-in/callback", "/"),
    "flask-oidc": ("/authorize", "/"),
    "mozilla-django-oidc": ("/oidc/callback/", "/"),
    "social-auth-core": ("/complete/oidc/", "/"),
}
KEY = ECKey.generate_key("P-256", {"kid": "the-key"})
# What their documentation leaves off, or sends otherwise; every other client is registered as by default.
REGISTERED: dict[str, dict[str, Any]] = {
    "openid-client with keys": {
        "id": "strict",
        # All of FAPI 2.0 but https, which loopback does not have.
        "require_pushed_authorization_requests": True,
        "dpop_bound_access_tokens": True,
        "id_token_signed_response_alg": "ES256",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [KEY.as_dict(private=False)]},
    },
    "flask-oidc": {"pkce_required": False},
    "mozilla-django-oidc": {"pkce_required": False},
}


@dataclass(frozen=True)
class Website:
    """A registered website that runs or is about to."""

    name: str
    url: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Landing:
    """Identity, and the websites that it knows."""

    issuer: str
    websites: dict[str, Website]


@dataclass
class Visitor:
    """A browser: keeps cookies, follows redirects, fills in forms."""

    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.headers["Accept"] = "text/html"

    def open(self, url: str) -> requests.Response:
        """Open an address and follow wherever it leads."""
        return self.session.get(url, timeout=20)

    def press(self, url: str) -> requests.Response:
        """Press a button that sends an empty form, and follow wherever it leads."""
        return self.session.post(url, timeout=20)

    def submit(self, page: requests.Response, **entries: str) -> requests.Response:
        """Send the page's form with what is entered."""
        forms = html.document_fromstring(page.text).find_class("usa-form")
        assert forms, (page.url, page.status_code, page.text[:2000])
        hidden = {
            each.get("name"): each.get("value", "") for each in forms[0].xpath(".//input[@type='hidden']")
        }
        action = urljoin(page.url, forms[0].get("action"))
        return self.session.post(action, data=hidden | entries, timeout=20)

    def sign_in(self, page: requests.Response) -> requests.Response:
        """Fill in identity's sign-in page; return the website's page behind it."""
        assert "/sign-in" in page.url, (page.url, page.status_code, page.text[:2000])
        return self.submit(page, email=EMAIL, password=PASSWORD)


@pytest.fixture(scope="session")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landing]:
    """Return identity as it listens, with a city, a resident and the clients."""
    port, *ports = free_ports(1 + len(WEBSITES))
    issuer = f"http://localhost:{port}"
    websites = {
        name: Website(
            name,
            url := f"http://127.0.0.1:{port}",
            {"ISSUER": issuer, "BASE_URL": url, **_own(name)},
        )
        for name, port in zip(WEBSITES, ports, strict=True)
    }
    database_url = f"sqlite:///{tmp_path_factory.mktemp('identity')}/identity.db"
    upgrade(database_url)
    invitation = _fill(database_url, websites)
    websites[SELF_REGISTERED].environment["INITIAL_ACCESS_TOKEN"] = invitation
    settings = {
        "IDENTITY_ISSUER": issuer,
        "IDENTITY_DATABASE_URL": database_url,
        "IDENTITY_SECRET_KEYS": "a key of thirty-two characters or more",
        "IDENTITY_BIND": f"127.0.0.1:{port}",
        "IDENTITY_SIGN_INS_PER_MINUTE": "1000",
    }
    identity = [sys.executable, "-c", "from identity.cli import main; main()", "serve"]
    with running(identity, f"http://127.0.0.1:{port}/health/ready", settings, ROOT):
        yield Landing(issuer, websites)


def _own(name: str) -> dict[str, str]:
    """Return by what the client of a website is known."""
    registered = REGISTERED.get(name, {})
    proof = (
        {"CLIENT_KEY": json.dumps(KEY.as_dict(private=True))}
        if "jwks" in registered
        else {"CLIENT_SECRET": CLIENT_SECRET}
    )
    return {"CLIENT_ID": registered.get("id", name)} | proof


def _fill(database_url: str, websites: dict[str, Website]) -> str:
    """Write the city, the resident and the clients; return the invitation of the one that is missing."""
    storage: Storage = create_command_line_app(database_url).extensions["identity"]
    clock = SystemClock()
    with storage:
        registry = Registry(storage, clock)
        registry.put_city(
            read_city(
                {
                    "id": CITY,
                    "name": "City of Pinellas Park",
                    "website": "https://www.pinellas-park.com",
                    "support_phone": "727-369-0690",
                    "support_name": "Utility Billing Department",
                    "primary_color": "#1b5e4b",
                    "accent_color": "#8a3b12",
                    "logo_svg": LOGO,
                    "languages": ["en", "es"],
                    "time_zone": "America/New_York",
                }
            )
        )
        for name, website in websites.items():
            if name == SELF_REGISTERED:
                continue
            back, after = (f"{website.url}{path}" for path in WEBSITES[name])
            content: dict[str, Any] = {
                "id": name,
                "city_id": CITY,
                "name": f"A website with {name}",
                "redirect_uris": [back],
                "post_logout_redirect_uris": [after],
                "initiate_login_uri": website.url,
            }
            client = read_client(content | REGISTERED.get(name, {}))
            registry.put_client(client, None if client.jwks else CLIENT_SECRET)
        now = clock.now()
        with storage.transaction() as tx:
            tx.add(
                Resident(
                    id=SUB,
                    email=EMAIL,
                    email_key=EMAIL,
                    email_verified_at=now,
                    sign_in_method="password",
                    given_name="Jane",
                    family_name="Doe",
                    language="en",
                    city_id=None,
                    created_at=now,
                    disabled_at=None,
                )
            )
            tx.flush()
            Passwords(tx).set_password(SUB, PasswordHasher("argon2id").hash(PASSWORD), now)
        return registry.invite(read_invitation({"city_id": CITY, "redirect_hosts": ["127.0.0.1"]})).token


@contextmanager
def running(command: list[str], ready: str, environment: dict[str, str], directory: Path) -> Iterator[None]:
    """Run a server until the block ends; fails with its output when it does not answer at `ready`."""
    output = directory / "output.txt" if directory != ROOT else None
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    with ExitStack() as held:
        sink: Any = held.enter_context(output.open("w")) if output else subprocess.DEVNULL
        process = subprocess.Popen(  # noqa: S603 - the commands of this directory
            command,
            cwd=directory,
            env=kept | environment,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        held.callback(process.wait, 15)
        held.callback(process.terminate)
        _wait(process, ready, output)
        yield


def _wait(process: subprocess.Popen[bytes], ready: str, output: Path | None) -> None:
    end = time.monotonic() + SECONDS_TO_START
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < end and process.poll() is None:
            try:
                session.get(ready, timeout=5)
            # A server listens before it has imported what answers.
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.1)
            else:
                return
    process.terminate()
    raise AssertionError(output.read_text() if output else f"nothing answers at {ready}")


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    visitor = Visitor()
    yield visitor
    visitor.session.close()


@pytest.fixture
def serve() -> Any:
    """Return `running`, for the tests to start their websites."""
    return running
