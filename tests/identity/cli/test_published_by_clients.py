"""What `identity clients create` and `update` fetch of a client: its logo, and the list of its sector."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from identity.cli import main
from identity.relying_parties.logos.store import Logos
from identity.storage import Storage
from published_by_client import Answering

CITY = {
    "id": "pinellas-park",
    "name": "City of Pinellas Park",
    "website": "https://www.pinellas-park.com",
    "support_phone": "727-369-0690",
    "support_name": "Utility Billing Department",
    "primary_color": "#1b5e4b",
    "accent_color": "#8a3b12",
    "logo_svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>',
    "time_zone": "America/New_York",
}
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100
CREATE = (
    *("create", "calendar", "--city", "pinellas-park", "--name", "Calendar"),
    *("--redirect-uri", "https://calendar.example/callback"),
    *("--initiate-login-uri", "https://calendar.example/"),
)


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("IDENTITY_ISSUER", "http://localhost:8000")
    monkeypatch.setenv("IDENTITY_DATABASE_URL", database_url)
    monkeypatch.setenv("IDENTITY_SECRET_KEYS", "a key of thirty-two characters or more")
    runner = CliRunner()
    assert runner.invoke(main, ("cities", "put", "-"), input=json.dumps(CITY)).exit_code == 0
    return lambda *arguments: runner.invoke(main, ("clients", *arguments))


def logo_of(storage: Storage) -> bytes | None:
    with storage.autocommit() as connection:
        found = Logos(connection).find_logo("calendar")
    return found.content if found else None


def test_a_logo_is_fetched_when_its_address_is_new(run: Callable[..., Result], storage: Storage):
    with Answering(PNG) as server:
        assert run(*CREATE, "--logo-uri", server.uri).exit_code == 0
        assert run("update", "calendar", "--name", "The calendar").exit_code == 0
        assert (logo_of(storage), server.asked) == (PNG, 1)
    assert run("update", "calendar", "--logo-uri", "").exit_code == 0
    assert logo_of(storage) is None


def test_what_cannot_be_fetched_is_said_and_nothing_is_written(run: Callable[..., Result]):
    with Answering(b"[]") as server:
        refused = run(*CREATE, "--logo-uri", server.uri)
        assert (refused.exit_code, "logo_uri: is no PNG" in refused.output) == (1, True)
        sector = ("--subject-type", "pairwise", "--sector-identifier-uri", server.uri)
        refused = run(*CREATE, *sector)
        assert "sector_identifier_uri: does not list https://calendar.example/callback" in refused.output
        assert run("show", "calendar").exit_code == 1
        server.body = b'["https://calendar.example/callback"]'
        assert run(*CREATE, *sector).exit_code == 0
