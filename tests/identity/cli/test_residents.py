"""`identity residents`: for people and for programs, with a reason for every change."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from identity.cli import main
from identity.residents.sessions.store import Sessions

KEY = "a key of thirty-two characters or more"
DOCUMENT = Path(__file__).parents[3] / "docs" / "operations.md"
REASON = ("--reason", "case 2026-117")
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("IDENTITY_ISSUER", "http://localhost:8000")
    monkeypatch.setenv("IDENTITY_DATABASE_URL", database_url)
    monkeypatch.setenv("IDENTITY_SECRET_KEYS", KEY)
    return lambda *arguments, text=None: CliRunner().invoke(main, ("residents", *arguments), input=text)


@pytest.fixture
def jane(add_resident, storage, clock) -> str:
    """Return the `sub` of jane@example.com, who is signed in on one device."""
    resident = add_resident()
    with storage.autocommit() as connection:
        Sessions(connection).insert_session(
            resident_id=resident.id,
            amr=["pwd"],
            remembered=True,
            now=clock.now(),
            user_agent="",
            ip_address="",
        )
    return resident.id


def test_show_prints_the_account_and_no_secret(run: Run, jane: str):
    shown = run("show", "jane@example.com").output
    for words in (jane, "jane@example.com", "Jane", "Doe", "password", "open"):
        assert words in shown
    fields = json.loads(run("show", jane, "--json").output)
    assert (fields["sub"], fields["email"], fields["email_verified"]) == (jane, "jane@example.com", True)
    assert set(fields) == {
        *("sub", "email", "email_verified", "given_name", "family_name", "sign_in_method", "created_at"),
        *("disabled_at", "live_sessions", "last_sign_in_at", "lockout", "mail_refused"),
    }


def test_a_sub_may_begin_with_a_dash_and_contain_the_letter_of_an_option(run: Run):
    refused = run("disable", "-Yh1", *REASON)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "there is no resident '-Yh1'" in refused.stderr


def test_disable_and_enable_say_what_they_did(run: Run, jane: str):
    assert run("disable", "jane@example.com", *REASON).output == f"{jane}: disabled, 1 session ended\n"
    again = run("disable", jane, *REASON)
    assert (again.exit_code, again.output) == (0, f"{jane}: nothing to do, was disabled before\n")
    assert run("enable", jane, *REASON).output == f"{jane}: enabled\n"
    again = run("enable", jane, *REASON)
    assert (again.exit_code, again.output) == (0, f"{jane}: nothing to do, is not disabled\n")


def test_end_sessions_says_how_many(run: Run, jane: str):
    assert run("end-sessions", jane, *REASON).output == f"{jane}: 1 session ended\n"
    assert run("end-sessions", jane, *REASON).output == f"{jane}: nothing to do, no session to end\n"


@pytest.mark.database("sqlite", "postgresql")
def test_delete_asks_first(run: Run, jane: str):
    assert run("delete", jane, *REASON, text="n\n").exit_code == 1
    assert run("show", jane).exit_code == 0
    assert run("delete", jane, *REASON, "--yes").output == f"{jane}: deleted, 1 session ended\n"
    assert run("show", jane).exit_code == 1


@pytest.mark.parametrize(
    ("verb", "outcome"),
    [("disable", "disabled"), ("enable", "not_disabled"), ("end-sessions", "sessions_ended")],
)
def test_json_for_programs(run: Run, jane: str, verb: str, outcome: str):
    printed = json.loads(run(verb, jane, *REASON, "--json").output)
    assert (printed["sub"], printed["outcome"]) == (jane, outcome)


@pytest.mark.parametrize("verb", ["show", "disable", "enable", "end-sessions", "delete"])
def test_an_unknown_resident_is_refused(run: Run, verb: str):
    more = () if verb == "show" else REASON
    confirmed = ("--yes",) if verb == "delete" else ()
    result = run(verb, "john@example.com", *more, *confirmed)
    assert result.exit_code == 1
    assert "there is no resident 'john@example.com'" in result.stderr


@pytest.mark.parametrize(
    "reason", [(), ("--reason", ""), ("--reason", "x" * 201), ("--reason", "two\nlines")]
)
@pytest.mark.parametrize("verb", ["disable", "enable", "end-sessions", "delete"])
def test_every_change_needs_a_reason(run: Run, jane: str, verb: str, reason: tuple[str, ...]):
    confirmed = ("--yes",) if verb == "delete" else ()
    result = run(verb, jane, *reason, *confirmed)
    assert result.exit_code == 2
    assert "--reason" in result.stderr
    assert run("show", jane).exit_code == 0


def test_the_commands_of_the_handbook_work(run: Run, jane: str):
    lines = re.findall(r"^identity residents (.+)$", DOCUMENT.read_text(), re.MULTILINE)
    assert len(lines) == 5
    for line in lines:
        arguments = shlex.split(line, comments=True)
        confirmed = ["--yes"] if arguments[0] == "delete" else []
        result = run(*arguments, *confirmed)
        assert result.exit_code == 0, result.output
    assert run("show", jane).exit_code == 1
