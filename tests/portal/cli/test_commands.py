"""`portal migrate` and `portal serve`, as an operator meets them."""

import socket
from datetime import timedelta

import pytest
from click.testing import CliRunner
from portal.cli.main import main

ENVIRONMENT = {
    "PORTAL_BASE_URL": "http://127.0.0.1:8080",
    "PORTAL_SECRET_KEYS": "a key of thirty-two characters or more",
    "PORTAL_ISSUER": "http://localhost:8000",
    "PORTAL_CLIENT_ID": "citizen-self-service",
    "PORTAL_CLIENT_SECRET": "secret",
    "PORTAL_CITY": "pinellas-park",
}


def test_migrate_makes_the_tables(tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'portal.db'}"

    result = CliRunner().invoke(main, ["migrate"], env=ENVIRONMENT | {"PORTAL_DATABASE_URL": url})

    assert result.output == "portal: the database is up to date\n"
    assert (tmp_path / "portal.db").exists()


def test_a_database_that_does_not_answer_is_one_line_and_no_traceback() -> None:
    url = "postgresql://portal@127.0.0.1:1/portal"

    result = CliRunner().invoke(main, ["migrate"], env=ENVIRONMENT | {"PORTAL_DATABASE_URL": url})

    assert result.exit_code == 1
    assert result.output.startswith("Error: PORTAL_DATABASE_URL: the database does not answer")
    assert result.output.count("\n") == 1


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_missing_setting_is_one_line_and_no_traceback(command: str) -> None:
    result = CliRunner().invoke(main, [command], env=ENVIRONMENT)

    assert result.exit_code == 2
    assert result.output.startswith("PORTAL_DATABASE_URL: is not set (expected: ")
    assert result.output.count("\n") == 1


def test_a_machine_with_another_time_than_its_database_does_not_start(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("portal.cli.serve.measure_lead", lambda *_: (None, timedelta(hours=-2)))
    given = {"PORTAL_DATABASE_URL": f"sqlite:///{tmp_path / 'portal.db'}"}

    result = CliRunner().invoke(main, ["serve"], env=ENVIRONMENT | given)

    assert result.exit_code == 1
    assert "this machine's clock is 7200 seconds ahead of the database's" in result.output


def test_a_taken_port_is_one_line_that_names_it(tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        given = {"PORTAL_DATABASE_URL": f"sqlite:///{tmp_path / 'portal.db'}", "PORTAL_BIND": bind}

        result = CliRunner().invoke(main, ["serve"], env=ENVIRONMENT | given)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"PORTAL_BIND: cannot listen on {bind}: Address already in use")


def test_a_misspelt_variable_is_told_before_anything_else(tmp_path) -> None:
    given = {
        "PORTAL_DATABASE_URL": f"sqlite:///{tmp_path / 'portal.db'}",
        "PORTAL_TIMEZONE": "UTC",
    }
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given["PORTAL_BIND"] = f"127.0.0.1:{taken.getsockname()[1]}"
        result = CliRunner().invoke(main, ["serve"], env=ENVIRONMENT | given)

    expected = "PORTAL_TIMEZONE: no such setting, ignored (did you mean PORTAL_TIME_ZONE?)"
    assert result.stderr.splitlines()[0] == expected
