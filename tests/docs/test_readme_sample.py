"""The README's Python is what a site needs: it is run as printed, against an identity on loopback."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, request, session
from flask.testing import FlaskClient

from tests.portal.doubles.identity import FakeIdentity, listening

README = Path(__file__).parents[2] / "README.md"
LARGEST_COOKIE = 4096


@pytest.fixture(scope="module")
def identity() -> Iterator[FakeIdentity]:
    with listening() as fake:
        yield fake


@pytest.fixture
def website(identity: FakeIdentity) -> FlaskClient:
    """Return a site with the sample in it, whose identity listens here."""
    (sample,) = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    app = Flask("parks")
    app.secret_key = "s" * 32
    names = {"app": app, "OAuth": OAuth, "session": session, "request": request, "redirect": redirect}
    code = sample.replace("https://id.example.gov", identity.issuer)
    exec(code, names | {"CLIENT_ID": "parks-and-recreation", "CLIENT_SECRET": "s" * 43})  # noqa: S102 - the sample
    app.add_url_rule("/", "home", lambda: session.get("resident", {}))
    return app.test_client()


def sign_in(website: FlaskClient) -> None:
    address = website.get("/sign-in").location
    back = urlsplit(requests.get(address, allow_redirects=False, timeout=5).headers["Location"])
    assert website.get(f"{back.path}?{back.query}").location == "/"


def test_a_resident_has_a_name_and_an_email_address(website: FlaskClient) -> None:
    sign_in(website)

    assert website.get("/").json == {"sub": "resident-1", "name": "Ana Rivera", "email": "ana@example.com"}


def test_thirty_sign_ins_that_are_not_finished_leave_room_for_one_that_is(website: FlaskClient) -> None:
    for _ in range(30):
        response = website.get("/sign-in")

    assert len(response.headers["Set-Cookie"]) < LARGEST_COOKIE
    sign_in(website)


def test_signing_out_signs_out_at_identity_too(website: FlaskClient, identity: FakeIdentity) -> None:
    sign_in(website)

    sent = urlsplit(website.post("/sign-out").location)

    assert f"{sent.scheme}://{sent.netloc}{sent.path}" == f"{identity.issuer}/end-session"
    assert parse_qs(sent.query)["post_logout_redirect_uri"] == ["https://parks.example.gov/"]
    assert "id_token_hint" in parse_qs(sent.query)
    assert website.get("/").json == {}


def test_an_id_token_for_another_website_is_refused(website: FlaskClient, identity: FakeIdentity) -> None:
    identity.claims = {"aud": "another-client"}
    address = website.get("/sign-in").location
    back = urlsplit(requests.get(address, allow_redirects=False, timeout=5).headers["Location"])

    assert website.get(f"{back.path}?{back.query}").status_code == 500
    identity.claims = {}
    assert website.get("/").json == {}
