"""What the log says of an unforeseen error: types and places under a support code, never its words."""

from collections.abc import Callable

import pytest
from flask import Flask
from identity.signing_keys.key_set import KeySet
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

WORDS = "Key (email_key)=(jane@example.org) already exists."


@pytest.fixture
def failing(start: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    def fail() -> None:
        raise IntegrityError("INSERT", {"email_key": "jane@example.org"}, ValueError(WORDS))

    app = start()
    monkeypatch.setitem(app.view_functions, "help.show", fail)
    return app


def test_a_failing_page_is_logged_without_the_words_of_the_database(
    failing: Flask, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture_logs() as logs:
        assert failing.test_client().get("/help").status_code == 500

    (failure,) = (entry for entry in logs if entry["event"] == "request_failed")
    assert failure["endpoint"] == "help.show"
    assert failure["where"][0] == "sqlalchemy.exc.IntegrityError"
    assert len(failure["support_code"]) == 8
    assert "jane@example.org" not in repr(logs) + caplog.text + "".join(capsys.readouterr())


def test_a_failing_protocol_endpoint_is_logged_without_the_words_of_the_error(
    start: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_self: KeySet) -> None:
        raise RuntimeError(WORDS)

    monkeypatch.setattr(KeySet, "published", fail)
    with capture_logs() as logs:
        assert start().test_client().get("/jwks").json == {"error": "server_error"}

    (failure,) = (entry for entry in logs if entry["event"] == "request_failed")
    assert failure["where"][0] == "builtins.RuntimeError"
    assert "jane@example.org" not in repr(logs) + caplog.text


def test_the_environment_cannot_turn_debugging_on(
    start: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert not start(mail_sender="Debugging <no-reply@localhost>").debug
