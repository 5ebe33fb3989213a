"""Error pages: plain words, where to go next, nothing internal."""

import pytest
from page import Page
from portal.app import create_app
from portal.errors import UnavailableError
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from tests.portal.conftest import close


def test_an_unknown_address_is_explained(visitor) -> None:
    page = Page(visitor.get("/no-such-page"))

    assert page.status == 404
    assert page.heading == "We could not find this page"
    assert page.link("727-369-0690") == "tel:727-369-0690"
    assert page.link("Go to the first page") == "/"


def test_a_wrong_method_names_the_right_one(visitor) -> None:
    assert "GET" in visitor.post("/home").headers["Allow"]


def test_a_fault_shows_no_trace_of_itself(resident, monkeypatch) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("secret internals")

    monkeypatch.setattr("portal.home.page.HomePage.load", broken)

    page = Page(resident.get("/home"))

    assert page.status == 500
    assert page.heading == "Something went wrong on our side"
    assert "secret internals" not in page.source
    assert "Traceback" not in page.source


@pytest.mark.parametrize(("path", "status"), [("/", 503), ("/home", 503), ("/no-such-page", 404)])
def test_a_database_that_does_not_answer_is_a_page_for_later(resident, monkeypatch, path, status) -> None:
    def silent(*_arguments: object) -> None:
        raise UnavailableError("the database does not answer")

    monkeypatch.setattr("portal.storage.Storage.transaction", silent)

    page = Page(resident.get(path))

    assert page.status == status
    assert "Please try again in a few minutes." in page.source or status == 404


def test_a_failing_statement_is_logged_without_its_values(resident, monkeypatch) -> None:
    def broken(*_arguments: object) -> None:
        raise IntegrityError("INSERT", {"secret_digest": "a digest"}, ValueError("a sealed token"))

    monkeypatch.setattr("portal.home.page.HomePage.load", broken)
    with capture_logs() as logs:
        resident.get("/home")

    failure = next(entry for entry in logs if entry["event"] == "unexpected")
    assert failure["where"][0] == "sqlalchemy.exc.IntegrityError"
    assert len(failure["support_code"]) == 8
    assert "exc_info" not in failure
    assert "a digest" not in repr(logs)
    assert "a sealed token" not in repr(logs)


def test_the_environment_cannot_turn_debugging_on(settings, clock, monkeypatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = create_app(settings, clock=clock)

    assert not app.debug
    close(app)
