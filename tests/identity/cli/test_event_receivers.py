"""`identity event-receivers`, and the fields of clients that go with sign-out."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from identity.cli import main

KEY = "a key of thirty-two characters or more"
SECRET = "a-secret-of-at-least-thirty-two-chars"
ID = "urn:community-access:billing-link"
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("IDENTITY_ISSUER", "http://localhost:8000")
    monkeypatch.setenv("IDENTITY_DATABASE_URL", database_url)
    monkeypatch.setenv("IDENTITY_SECRET_KEYS", KEY)
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("PUSH", "Bearer abc")
    return lambda *arguments: CliRunner().invoke(main, ("event-receivers", *arguments))


def listed(run: Run) -> list[dict[str, object]]:
    return list(json.loads(run("list", "--json").output))


def test_a_receiver_that_polls(run: Run):
    assert run("put", ID, "--secret-from-env", "SECRET").output == f"{ID}: created\n"
    assert run("put", ID, "--secret-from-env", "SECRET").output == f"{ID}: updated\n"
    assert listed(run) == [{"id": ID, "push_uri": None, "events": ["session-revoked"], "disabled": False}]
    assert SECRET not in run("list").output
    assert "polls" in run("list").output


def test_a_secret_is_made_and_shown_once(run: Run):
    assert "secret (shown once): " in run("put", ID).output
    assert "secret" not in run("put", ID).output


def test_a_receiver_that_is_pushed_to(run: Run):
    put = ("put", ID, "--push-uri", "https://receiver.example/events")
    more = (
        "--push-authorization-from-env",
        "PUSH",
        "--event",
        "session-revoked",
        "--event",
        "account-purged",
    )
    assert run(*put, *more).exit_code == 0
    [receiver] = listed(run)
    assert receiver["push_uri"] == "https://receiver.example/events"
    assert receiver["events"] == ["session-revoked", "account-purged"]
    assert "abc" not in run("list", "--json").output


def test_one_can_be_disabled_and_enabled_again(run: Run):
    run("put", ID)
    assert run("disable", ID).output == f"{ID}: disabled\n"
    assert listed(run)[0]["disabled"] is True
    assert run("disable", ID).exit_code == 1
    run("put", ID)
    assert listed(run)[0]["disabled"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("put", ID, "--push-uri", "http://receiver.example/"), 1, "is not https"),
        (("put", "two words"), 1, "the id"),
        (("put", ID, "--event", "nonsense"), 2, "session-revoked"),
        (("put", ID, "--push-authorization-from-env", "UNSET"), 1, "UNSET is not set"),
        (("put", ID, "--push-authorization-from-env", "PUSH"), 1, "goes with a push address"),
        (("put", ID, "--secret-from-env", "UNSET"), 1, "UNSET is not set"),
        (("disable", "nobody"), 1, "there is no enabled receiver 'nobody'"),
    ],
)
def test_a_refusal_says_what_to_do(run: Run, arguments: tuple[str, ...], code: int, words: str):
    result = run(*arguments)
    assert (result.exit_code, words in result.output) == (code, True), result.output


def test_a_client_that_wants_to_be_told(run: Run, database_url: str):
    def call(*arguments: str, text: str | None = None) -> Result:
        return CliRunner().invoke(main, arguments, input=text)

    city = {
        "id": "pinellas-park",
        "name": "City of Pinellas Park",
        "website": "https://www.pinellas-park.com",
        "support_phone": "727-369-0690",
        "support_name": "Utility Billing Department",
        "primary_color": "#1b5e4b",
        "accent_color": "#8a3b12",
        "logo_svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
        "time_zone": "America/New_York",
    }
    assert call("cities", "put", "-", text=json.dumps(city)).exit_code == 0
    created = call(
        *("clients", "create", "city-website", "--city", "pinellas-park", "--name", "The city website"),
        *("--redirect-uri", "https://city.example/callback"),
        *("--initiate-login-uri", "https://city.example/sign-in"),
        *("--backchannel-logout-uri", "https://city.example/logout", "--backchannel-logout-by-session"),
    )
    assert created.exit_code == 0, created.output
    shown = json.loads(call("clients", "show", "city-website", "--json").output)
    assert shown["backchannel_logout_uri"] == "https://city.example/logout"
    assert shown["backchannel_logout_session_required"] is True
    refused = call("clients", "update", "city-website", "--backchannel-logout-uri", "http://city.example/x")
    assert (refused.exit_code, "backchannel_logout_uri: " in refused.output) == (1, True)
