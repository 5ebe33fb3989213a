"""Error pages: plain words, where to go next, nothing internal."""

import re
from datetime import timedelta

import pytest
from page import Page
from portal.app import create_app
from portal.errors import UnavailableError, UnstorableTextError
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from tests.portal.conftest import Visitor, close


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

    monkeypatch.setattr("portal.storage.Storage.autocommit", silent)

    page = Page(resident.get(path))

    assert page.status == status
    if status != 404:
        assert "Please try again in a few minutes." in page.source
        assert resident.get(path).headers["Retry-After"] == "10"


ODD = ["%00", "a%00b", "%ED%A0%80", "%FF", "%zz", "%25", "%0D%0Ax"]
NAMES = ("return_to", "state", "code", "iss", "error", "found", "kept", "lang", "login_hint", "logout_token")
FIELDS = ("customer_id", "account_number", "action", "remember", "link_id", "from", "csrf_token", *NAMES)


@pytest.mark.database("postgresql")
@pytest.mark.parametrize("odd", ODD)
def test_odd_text_anywhere_is_no_fault_of_ours(app, resident, billing_link, odd, monkeypatch) -> None:
    # The clock of tests stands still, and the database's does not.
    monkeypatch.setattr("portal.database_state.REFUSED", timedelta.max)
    found = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", odd, rule.rule)
        sent = "&".join(f"{name}={odd}" for name in FIELDS)
        cookies = {"Cookie": "; ".join(f'{name}="a\\000b"' for name in ("portal_browser", "portal_session"))}
        answers = [("path", resident.get(path)), ("query", resident.get(f"{path}?{sent}"))]
        answers.append(("cookies", Visitor(app).get(path, headers=cookies)))
        if "POST" in (rule.methods or ()):
            form = "application/x-www-form-urlencoded"
            answers.append(("form", resident.client.post(path, data=sent, content_type=form)))
        found += [f"{path} {where} {one.status_code}" for where, one in answers if one.status_code >= 500]
    assert not found, "\n".join(found)


def test_text_that_no_database_holds_is_a_request_that_cannot_be_read(resident, monkeypatch) -> None:
    def malformed(*_arguments: object) -> None:
        raise UnstorableTextError

    monkeypatch.setattr("portal.home.page.HomePage.load", malformed)
    assert resident.get("/home").status_code == 400


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
