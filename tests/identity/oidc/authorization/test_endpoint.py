"""`/authorize` is decided once: by redirect before any page, or on the page that it needs."""

from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from identity.errors import UnavailableError
from identity.oidc.grants.store import Grants
from identity.residents.sessions.store import Sessions
from identity_provider import Browser, Client, Provider, answered
from sent_statements import sent_statements
from werkzeug.test import TestResponse


@pytest.fixture
def client(provider: Provider) -> Client:
    return provider.client()


@pytest.fixture
def browser(provider: Provider, client: Client) -> Browser:
    """Return a browser with a session, which was at the client's before."""
    browser = provider.browser(provider.resident())
    answered(browser.authorize(client.request()))
    return browser


@pytest.fixture
def no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every page fail."""

    def fail(_app: Flask, _environ: Any, _start_response: Any) -> None:
        raise AssertionError("a page was asked for")

    monkeypatch.setattr(Flask, "request_context", fail)


def sent_in(browser: Browser, client: Client, method: str, **changes: str) -> TestResponse:
    request = client.request(**changes)
    return browser.authorize(request) if method == "GET" else browser.post("/authorize", request)


@pytest.mark.usefixtures("no_pages")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("response_mode", ["query", "fragment"])
def test_a_browser_with_a_session_costs_two_statements_and_no_page(
    browser: Browser, client: Client, method: str, response_mode: str
):
    with sent_statements() as sent:
        response = sent_in(browser, client, method, response_mode=response_mode)
    assert response.status_code == 303
    assert "code=" in response.location
    assert [text.split()[0] for text, _ in sent] == ["SELECT", "INSERT"]


@pytest.mark.usefixtures("no_pages")
def test_a_refusal_is_read_from_the_request_and_the_session_alone(browser: Browser, client: Client):
    with sent_statements() as sent:
        response = browser.authorize(client.request(scope="unknown"))
    assert answered(response)["error"] == "invalid_scope"
    assert len(sent) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_form_for_the_client_is_a_page_and_costs_no_more(browser: Browser, client: Client, method: str):
    # The page's city is remembered from now on.
    sent_in(browser, client, method, response_mode="form_post")
    with sent_statements() as sent:
        page = sent_in(browser, client, method, response_mode="form_post")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert 'name="code"' in page.get_data(as_text=True)
    assert [text.split()[0] for text, _ in sent] == ["SELECT", "INSERT"]


@pytest.mark.parametrize("response_mode", ["query", "form_post"])
def test_the_new_secret_of_the_session_comes_with_either_answer(
    provider: Provider, browser: Browser, client: Client, response_mode: str
):
    first = browser.client.get_cookie("session")
    provider.advance(minutes=10)
    sent_in(browser, client, "GET", response_mode=response_mode)
    second = browser.client.get_cookie("session")
    assert first.value != second.value
    provider.advance(minutes=2)
    assert "code" in answered(browser.authorize(client.request()))


def test_a_page_keeps_the_language_that_the_request_chooses(browser: Browser, client: Client):
    assert "code" in answered(browser.authorize(client.request(lang="es")))
    assert browser.client.get_cookie("language").value == "es"


@pytest.mark.parametrize(("store", "statement"), [(Sessions, "find_session"), (Grants, "issue")])
def test_a_database_that_fails_is_asked_once_and_a_page_says_so(
    browser: Browser, client: Client, monkeypatch: pytest.MonkeyPatch, store: type, statement: str
):
    asked = []

    def fail(*_arguments: Any, **_named: Any) -> None:
        asked.append(statement)
        raise UnavailableError("the database does not answer")

    monkeypatch.setattr(store, statement, fail)
    page = browser.authorize(client.request())
    assert (page.status_code, page.mimetype, page.headers["Retry-After"]) == (503, "text/html", "10")
    assert asked == [statement]


@pytest.mark.parametrize("method", ["HEAD", "PUT", "OPTIONS"])
def test_other_methods_are_the_pages(browser: Browser, client: Client, method: str):
    answer = browser.open("/authorize", method, query_string=client.request())
    assert answer.status_code == (200 if method == "OPTIONS" else 405)
    assert {"GET", "POST"} <= set(answer.allow) <= {"GET", "POST", "OPTIONS"}
    assert answer.mimetype == "text/html"


def test_it_waits_for_no_form_with_a_password(provider: Provider, browser: Browser, client: Client):
    turns = provider.app.extensions["identity.turns"]
    with ExitStack() as taken:
        # As many as run at a time: the next one would wait.
        for _ in range(turns._at_once):  # noqa: SLF001 - so that the test need not find it out by waiting
            taken.enter_context(turns.turn("a stranger"))
        assert "code" in answered(browser.authorize(client.request()))


def test_a_copy_of_the_cookie_that_comes_too_late_ends_the_session(
    provider: Provider, browser: Browser, client: Client
):
    thief = provider.browser()
    thief.client.set_cookie("session", browser.client.get_cookie("session").value, domain="localhost")
    provider.advance(minutes=10)
    for _ in range(2):
        assert "code" in answered(browser.authorize(client.request()))
    provider.advance(minutes=1)
    for each in (thief, browser):
        assert answered(each.authorize(client.request(prompt="none")))["error"] == "login_required"
    assert provider.events().count("session_ended") == 1
