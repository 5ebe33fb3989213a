"""Forms with passwords while too many are under way: refused at once, uncounted, what was typed is kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import identity
import pytest
from flask import Flask
from identity.continuation import Continuation
from identity.rate_limits.models import RequestCount
from identity.residents.lockout.models import FailureCount
from identity.storage import table_of
from page import Form, Page
from sent_statements import sent_statements
from sqlalchemy import func, select

EMAIL, PASSWORD = "jane@example.com", "seven herons over the pond"
BUSY = "We are very busy right now. Wait ten seconds, then try again."
BUSY_IN_SPANISH = "En este momento hay mucha demanda. Espere diez segundos y vuelva a intentarlo."
IDENTITY = Path(identity.__file__).parent
FORMS = {
    "/sign-in": {"email": EMAIL, "password": PASSWORD, "remember_me": "yes"},
    "/sign-up": {"email": EMAIL, "password": PASSWORD, "first_name": "Jane", "last_name": "Doe"},
    "/verify-registration?link=unknown": {"username": EMAIL, "password": PASSWORD},
    "/reset-password?link=unknown": {"username": EMAIL, "password": PASSWORD, "sign_out_others": "yes"},
}


@pytest.fixture
def busy(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    """Let strangers have every turn, with one place to wait, for a moment; closed, the turns are free."""
    turns = app.extensions["identity.turns"]
    # Private: with no room and no time, a test need not fill and wait.
    monkeypatch.setattr(turns, "_places", 0)
    with ExitStack() as taken:
        while taken.enter_context(turns.turn("stranger")):
            pass
        yield taken


@pytest.mark.parametrize("path", FORMS)
def test_the_form_comes_back_with_what_was_typed_but_the_password(app, busy, path):
    page = Page(app.test_client().post(path, data={"csrf_token": "as sent", **FORMS[path]}))

    assert page.status == 503
    assert BUSY in page.source
    assert PASSWORD not in page.source
    [form] = [Form(element) for element in page.root.forms]
    typed = {name: text for name, text in FORMS[path].items() if name != "password"}
    assert form.fields == {"csrf_token": "as sent", **typed}
    assert "password" in form.element.fields
    assert form.action.rstrip("?") == path


@pytest.mark.parametrize("path", FORMS)
def test_it_says_when_to_come_back_and_is_as_safe_as_every_page(app, busy, path):
    client = app.test_client()
    refused, usual = client.post(path, data=FORMS[path]), client.get("/help")
    assert refused.headers["Retry-After"] == "10"
    assert "Set-Cookie" not in refused.headers
    names = ("Content-Security-Policy", "Cache-Control", "X-Frame-Options", "Referrer-Policy")
    assert [refused.headers[name] for name in names] == [usual.headers[name] for name in names]


def test_it_is_in_the_language_of_the_browser_and_of_the_switch(app, busy):
    client = app.test_client()
    by_browser = client.post("/sign-in", data=FORMS["/sign-in"], headers={"Accept-Language": "es"})
    by_switch = client.post("/sign-in?lang=es", data=FORMS["/sign-in"])
    for response in (by_browser, by_switch):
        assert BUSY_IN_SPANISH in response.text
        assert '<html lang="es">' in response.text


def test_it_has_the_citys_looks_and_goes_on_to_where_the_resident_was_going(app, at, busy, city):
    # The first one makes the page, the second one gets the same, and of each its own way on.
    for path in ("/help", "/profile"):
        address = at("/sign-in", Continuation(path, "citizen-self-service", city.id))
        response = app.test_client().post(address, data=FORMS["/sign-in"])
        page = Page(response)
        signed = address.partition("continue=")[2]
        assert city.name in page.source
        assert Form(page.root.forms[0]).action == address
        assert page.link("Forgot password?") == f"/forgot-password?continue={signed}"
        assert page.link("Español") == f"/sign-in?continue={signed}&lang=es"
        # The sign-in ends, by redirects, at the website (CSP 3, form-action).
        assert "http://127.0.0.1:8080" in response.headers["Content-Security-Policy"]


def test_what_was_typed_is_text_on_the_page(app, busy):
    typed = '"><script>alert(1)</script>'
    page = app.test_client().post(f"/sign-in?x={typed}", data={"email": typed, "csrf_token": typed}).text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert") == 2


def test_nothing_of_one_visitor_is_on_the_page_of_another(app, busy):
    client = app.test_client()
    client.set_cookie("page", "of the first")
    first = client.post("/reset-password?link=of-the-first", data={"username": "first@example.com"}).text
    second = app.test_client().post("/reset-password?link=second", data={}).text
    assert "of-the-first" in first
    assert "first" not in second


def test_it_costs_no_statement_and_nothing_counts_it(app, storage, busy, resident):
    client = app.test_client()
    for path, typed in FORMS.items():
        client.post(path, data=typed)
    with sent_statements() as seen:
        for path, typed in FORMS.items():
            assert client.post(path, data=typed).status_code == 503
    assert seen == []
    with storage.autocommit() as connection:
        for model in (RequestCount, FailureCount):
            assert connection.scalar(select(func.count()).select_from(table_of(model))) == 0


def test_it_is_the_same_for_a_resident_and_a_stranger(app, busy, resident):
    pages = [
        app.test_client().post("/sign-in", data={"email": email, "password": PASSWORD})
        for email in ("jane@example.com", "none@example.com")
    ]
    assert pages[0].text.replace("jane@", "none@") == pages[1].text
    assert pages[0].headers == pages[1].headers


def test_the_right_password_is_taken_as_soon_as_there_is_a_turn(browser, busy, resident):
    browser.open("/sign-in")
    assert browser.press("Sign in", email=EMAIL, password=PASSWORD).status == 503
    busy.close()
    # The page that came back is sent again.
    browser.press("Sign in", password=PASSWORD)
    assert browser.page.hops == ["/profile"]


def test_a_browser_that_has_signed_in_before_is_let_in_before_strangers(
    app, monkeypatch, make_browser, resident
):
    turns, asked = app.extensions["identity.turns"], []

    @contextmanager
    def turn(asker: str, *, is_known: bool = False) -> Iterator[bool]:
        asked.append((asker, is_known))
        yield True

    browser = make_browser("203.0.113.7")
    browser.sign_in(EMAIL)
    monkeypatch.setattr(turns, "turn", turn)
    browser.post("/sign-in?show=empty", {"email": EMAIL, "password": "wrong"})
    browser.post("/sign-in?show=empty", {"email": "other@example.com", "password": "wrong"})
    make_browser("2001:db8::1").post("/sign-in", {"email": EMAIL, "password": "wrong"})

    (device, is_known), *others = asked
    assert is_known
    assert device not in ("203.0.113.7", "2001:db8::/64")
    assert others == [("203.0.113.7", False), ("2001:db8::/64", False)]


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/health/live", "/forgot-password"])
def test_all_else_goes_on(app, busy, path):
    assert app.test_client().get(path).status_code == 200


def test_a_body_that_is_no_form_takes_no_turn(app, busy):
    client = app.test_client()
    too_long = client.post("/sign-in", data={"email": "x" * 70_000})
    assert too_long.status_code == 413
    other = client.post("/sign-in", json={"email": EMAIL})
    assert other.status_code == 503


def test_what_hashes_passwords_is_behind_a_form_that_takes_turns():
    """A verb that is new here needs its form in `composition.busy_pages`."""
    users = {
        str(file.relative_to(IDENTITY))
        for file in IDENTITY.rglob("*.py")
        if "passwords.hashing import PasswordHasher" in file.read_text()
    }
    assert users == {
        "composition/dependencies.py",
        "journeys/recovery/reset_password.py",
        "journeys/registration/sign_up.py",
        "journeys/registration/verify.py",
        "journeys/sign_in/sign_in.py",
    }


@pytest.mark.parametrize("path", FORMS)
def test_its_form_has_threads_apart_and_its_page_has_not(app, path):
    is_apart, path = app.extensions["identity.is_apart"], path.partition("?")[0]
    assert is_apart("POST", path)
    assert not is_apart("GET", path)


@pytest.mark.parametrize(
    ("method", "path", "apart"),
    [
        ("GET", "/health/ready", True),
        ("GET", "/authorize", False),
        ("POST", "/authorize", False),
        ("POST", "/token", False),
        ("POST", "/sign-in/google", False),
        ("POST", "/elsewhere/sign-in", False),
    ],
)
def test_what_else_has_threads_apart(app, method, path, apart):
    assert app.extensions["identity.is_apart"](method, path) == apart


def test_a_body_that_is_too_long_for_a_form_is_refused_in_its_turn(app, resident):
    """Refusals run one by one, so many of them keep no thread from the others."""
    with ThreadPoolExecutor(1) as pool:
        with app.wsgi_app._refusing:  # noqa: SLF001 - as if another were refused
            refused = pool.submit(app.test_client().post, "/sign-in", data={"email": "x" * 70_000})
            with pytest.raises(TimeoutError):
                refused.result(0.3)
        assert refused.result(5).status_code == 413
