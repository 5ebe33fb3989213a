"""`identity providers`: what is configured, and whether it works."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from identity.cli.entry import main

# Imported here and no plugin of all tests, since `clock` means another elsewhere.
from simulated_providers import behaviours, running_providers, simulated  # noqa: F401 - fixtures

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("IDENTITY_ISSUER", "https://id.example.gov")
    monkeypatch.setenv("IDENTITY_DATABASE_URL", "postgresql://identity@127.0.0.1:1/none")
    monkeypatch.setenv("IDENTITY_SECRET_KEYS", "a key of thirty-two characters or more")
    return lambda *arguments: CliRunner().invoke(main, ["providers", *arguments])


@pytest.fixture
def configured(simulated, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811 - the fixture of that name
    for name, value in simulated.environment().items():
        monkeypatch.setenv(name, value)


def test_the_list_has_the_callback_to_register(run, configured) -> None:
    lines = run("list").output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["google", "apple", "microsoft", "facebook", "logingov"]
    assert lines[1].split() == ["google", "Google", "https://id.example.gov/sign-in/google/callback"]


def test_the_check_asks_each_of_them(run, configured, behaviours) -> None:  # noqa: F811 - as above
    result = run("check")
    assert result.output.splitlines() == [
        "google: ok", "apple: ok", "microsoft: ok", "facebook: ok", "logingov: ok",
    ]  # fmt: skip
    assert result.exit_code == 0
    assert behaviours["google"].calls["token"] == 1


def test_the_check_says_what_is_wrong(run, configured, behaviours, monkeypatch) -> None:  # noqa: F811 - as above
    monkeypatch.setenv("IDENTITY_GOOGLE_CLIENT_SECRET", "expired")
    behaviours["apple"].faults = {"keys": "error"}
    result = run("check")
    assert "google: the provider refuses this deployment's credentials" in result.output
    assert "apple: status 500" in result.output
    assert "facebook: ok" in result.output
    assert result.exit_code == 1


def test_one_can_be_checked_alone(run, configured, behaviours) -> None:  # noqa: F811 - as above
    assert run("check", "facebook").output == "facebook: ok\n"
    assert behaviours["google"].calls.total() == 0
    assert run("check", "myspace").exit_code == 1


def test_without_credentials_there_is_none(run) -> None:
    assert run("check").exit_code == 0
    assert run("list").output.split() == ["KEY", "NAME", "CALLBACK"]


@pytest.mark.parametrize("command", ["list", "check"])
def test_half_set_credentials_are_named(run, monkeypatch, command) -> None:
    monkeypatch.setenv("IDENTITY_APPLE_CLIENT_ID", "gov.example.signin")
    result = run(command)
    assert result.exit_code == 2
    assert "IDENTITY_APPLE_KEY: is not set" in result.output
