"""A page that is made once and filled in is the page that would be rendered, and no other browser's."""

import re
from dataclasses import replace
from itertools import product

import pytest
from identity.continuation import Continuation, Continuations
from identity.relying_parties.cache import CACHED_FOR
from identity.relying_parties.store import Cities
from identity.web.marked_pages import MarkedPages
from markupsafe import escape

ODD = "o'neil+\"&<b>@example.com"


@pytest.fixture
def signed(secret_keys):
    """Return a function that signs a continuation, as URLs carry it."""
    return lambda **fields: f"continue={Continuations(secret_keys).sign(Continuation(**fields))}"


@pytest.fixture
def shown(client):
    """Return a function that opens the page in a new browser; its source is returned without the token."""

    def shown(query="", typed="", last_method="", path="/sign-in", flashes=()):
        browser = client.application.test_client()
        browser.set_cookie("last_method", last_method)
        with browser.session_transaction() as state:
            state.update(typed_email=typed, _flashes=list(flashes))
        html = browser.get(f"{path}?{query}").get_data(as_text=True)
        assert path == "/help" or re.search(r'name="csrf_token" value="[\w.-]{60,}"', html)
        return re.sub(r'(name="csrf_token" value=")[^"]+', r"\1", html)

    return shown


def test_it_is_the_page_that_would_be_rendered(registered, shown, signed, monkeypatch):
    portal = signed(client_id="citizen-self-service")
    declinable = signed(client_id="citizen-self-service", path="/authorize/resume/1", declinable=True)
    queries = ["", "lang=es", "a=%22%26&lang=en", portal, f"{portal}&lang=es", declinable]
    cases = list(product(queries, ("", ODD), ("", "password"), ("/sign-in",)))
    cases += product(queries, ("", ODD), ("",), ("/forgot-password", "/unlock-account", "/help"))

    def show_all():
        return [shown(*case) for case in cases]

    made, kept = show_all(), show_all()

    def render(self, template, continuation, facts, texts, context):
        return self._pages.render(template, continuation, **facts, **context(texts))

    monkeypatch.setattr(MarkedPages, "render", render)
    rendered = show_all()
    assert made == rendered
    assert kept == rendered
    assert len(set(kept)) >= len(queries) * 2


def test_websites_and_languages_never_mix(registered, storage, city, shown, signed):
    with storage.transaction() as tx:
        Cities(tx).put_city(replace(city, id="gulfport", name="City of Gulfport"))
    for _ in range(2):
        for city_id, name in (("pinellas-park", "City of Pinellas Park"), ("gulfport", "City of Gulfport")):
            for tag, title in (("en", "Sign in"), ("es", "Iniciar sesión")):
                page = shown(f"{signed(city_id=city_id)}&lang={tag}")
                assert f"<title>{title} | {name}</title>" in page
                assert f'src="/cities/{city_id}/logo.svg"' in page


def test_it_is_made_anew_when_the_city_changes(registered, storage, city, shown, signed, clock):
    query = signed(city_id=city.id)
    assert "City of Pinellas Park" in shown(query)
    with storage.transaction() as tx:
        Cities(tx).put_city(replace(city, notice="Closed on Monday"))
    clock.advance(CACHED_FOR)
    assert "Closed on Monday" in shown(query)


def test_nothing_of_one_browser_reaches_another(registered, shown, signed):
    first = shown(f"{signed(path='/one')}&of=one", "one@example.com")
    second = shown(f"{signed(path='/other')}&of=other", ODD)
    assert "one@example.com" in first
    assert "of=one" in first
    assert not re.search("one@example|of=one", second)
    assert signed(path="/one") not in second
    assert f'value="{escape(ODD)}"' in second
    assert "example.com" not in shown()


def test_a_message_for_the_next_page_is_shown(shown):
    message = "Your password was changed."
    assert message in shown(flashes=[("info", message)])
    assert message not in shown()


def test_a_page_without_a_form_gives_no_cookie(client):
    assert "Set-Cookie" not in client.get("/help").headers


def test_a_message_waits_for_a_page_that_shows_it(client):
    message = "Your password was changed."
    with client.session_transaction() as state:
        state["_flashes"] = [("info", message)]
    assert message not in client.get("/help").get_data(as_text=True)
    assert message in client.get("/sign-in").get_data(as_text=True)
