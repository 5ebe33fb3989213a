"""`identity clients invite`, `invitations` and `revoke-invitation`."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from identity.cli import main
from identity.relying_parties.invitations.store import Invitations
from identity.secret_keys import digest
from identity.storage import Storage

Run = Callable[..., Result]
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
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
INVITE = ("invite", "--city", "pinellas-park", "--redirect-host", "calendar.example")


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("IDENTITY_ISSUER", "http://localhost:8000")
    monkeypatch.setenv("IDENTITY_DATABASE_URL", database_url)
    monkeypatch.setenv("IDENTITY_SECRET_KEYS", "a key of thirty-two characters or more")
    runner = CliRunner()
    assert runner.invoke(main, ("cities", "put", "-"), input=json.dumps(CITY)).exit_code == 0
    return lambda *arguments: runner.invoke(main, ("clients", *arguments))


def listed(run: Run) -> list[dict[str, object]]:
    return list(json.loads(run("invitations", "--json").output))


def token_of(result: Result) -> str:
    found = re.search(r"initial access token \(shown once\): ([A-Za-z0-9_-]{43})\n", result.output)
    assert found, result.output
    return found[1]


def test_an_invitation_is_shown_with_its_token_once(run: Run, storage: Storage):
    result = run(*INVITE)
    token = token_of(result)
    [invitation] = listed(run)
    assert "http://localhost:8000/register" in result.output
    assert str(invitation["id"]) in result.output
    assert token not in run("invitations", "--json").output + run("invitations").output
    with storage.autocommit() as connection:
        assert Invitations(connection).claim_invitation(digest(token), datetime.now(UTC)) is not None


def test_its_clients_may_go_without_pkce_where_it_says_so(run: Run):
    assert "PKCE" in run(*INVITE).output
    assert "not required of confidential clients" in run(*INVITE, "--without-pkce").output
    assert sorted(bool(one["pkce_required"]) for one in listed(run)) == [False, True]


def test_it_is_good_for_one_registration_within_a_week_unless_said_otherwise(run: Run):
    run(*INVITE)
    narrower = ("--scope", "openid", "--grant-type", "authorization_code")
    run(*INVITE, "--registrations", "5", "--days", "30", *narrower)
    usual, other = sorted(listed(run), key=lambda one: str(one["registrations_left"]))
    lifetimes = [
        datetime.fromisoformat(str(one["expires_at"])) - datetime.fromisoformat(str(one["created_at"]))
        for one in (usual, other)
    ]
    assert lifetimes == [timedelta(days=7), timedelta(days=30)]
    assert (usual["registrations_left"], usual["scopes"]) == (1, ["email", "openid", "profile"])
    assert usual["grant_types"] == ["authorization_code", "refresh_token"]
    assert (other["registrations_left"], other["scopes"]) == (5, ["openid"])
    assert other["grant_types"] == ["authorization_code"]


def test_the_token_can_go_to_a_file(run: Run, tmp_path: Path):
    file = tmp_path / "token"
    assert "shown once" not in run(*INVITE, "--token-file", str(file)).output
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}\n", file.read_text())
    assert file.stat().st_mode & 0o777 == 0o600


def test_one_can_be_revoked_once(run: Run):
    run(*INVITE)
    [invitation] = listed(run)
    assert invitation["state"] == "open"
    assert run("revoke-invitation", str(invitation["id"])).output == f"{invitation['id']}: revoked\n"
    assert listed(run)[0]["state"] == "revoked"
    again = run("revoke-invitation", str(invitation["id"]))
    assert again.exit_code == 1
    assert "`identity clients invitations` shows them" in again.output


def test_the_table_tells_what_became_of_them(run: Run, storage: Storage):
    token = token_of(run(*INVITE, "--redirect-host", "127.0.0.1"))
    assert re.search(r"\bopen +1 ", run("invitations").output)
    with storage.autocommit() as connection:
        Invitations(connection).claim_invitation(digest(token), datetime.now(UTC))
    table = run("invitations").output
    assert re.search(r"\bused up +0 ", table)
    assert "127.0.0.1 calendar.example" in table


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("invite", "--city", "nowhere", "--redirect-host", "a.example"), 1, "there is no city 'nowhere'"),
        (("invite", "--city", "pinellas-park"), 2, "--redirect-host"),
        ((*INVITE, "--redirect-host", "https://a.example"), 1, "is not a host, such as www.example.gov"),
        ((*INVITE, "--redirect-host", "a.example/path"), 1, "is not a host"),
        ((*INVITE, "--redirect-host", "*.example"), 1, "is not a host"),
        ((*INVITE, "--redirect-host", "user@a.example"), 1, "is not a host"),
        ((*INVITE, "--redirect-host", ""), 1, "is not a host"),
        (
            (*INVITE, "--scope", "openid", "--scope", "water.read"),
            1,
            "scopes: water.read belong to no resource",
        ),
        ((*INVITE, "--grant-type", "password"), 1, "grant_types"),
        ((*INVITE, "--scope", "profile"), 1, "scopes must contain openid"),
        ((*INVITE, "--grant-type", TOKEN_EXCHANGE), 1, "a third party, which cannot exchange tokens"),
        ((*INVITE, "--registrations", "0"), 1, "registrations: "),
        ((*INVITE, "--days", "91"), 1, "lifetime: "),
        (("revoke-invitation", "nothing"), 1, "there is no open invitation 'nothing'"),
    ],
)
def test_what_is_wrong_is_refused_in_plain_words(run: Run, arguments: tuple[str, ...], code: int, words: str):
    result = run(*arguments)
    assert result.exit_code == code
    assert words in result.output
    assert listed(run) == []
