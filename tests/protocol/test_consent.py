"""Consent: OpenID Connect Core §3.1.2.4 and §11, RFC 8252 §8.6; stored, and taken back at will."""

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from identity.outbox.models import OutboxMessage
from identity_provider import RESOURCE, Browser, Client, Provider, answered
from page import csrf_token
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server


@pytest.fixture
def client(provider: Provider) -> Client:
    """Return a website that is not the city's own."""
    return provider.client(
        id="news",
        name="The Pinellas News",
        first_party=False,
        backchannel_logout_uri="https://news.example/out",
    )


@pytest.fixture
def jane(provider: Provider) -> Browser:
    return provider.browser(provider.resident())


def is_asked(browser: Browser, client: Client, **changes: Any) -> bool:
    return "/authorize/resume/" in browser.authorize(client.request(**changes)).location


def answer(browser: Browser, client: Client, reply: str = "yes", **changes: Any) -> dict[str, str]:
    """Answer the question, and return what the client is told."""
    page = browser.authorize(client.request(**changes)).location
    question = browser.get(page)
    assert "Allow access" in question.text
    response = browser.post(page, {"csrf_token": csrf_token(question), "answer": reply})
    while response.location.startswith("/"):
        response = browser.get(response.location)
    return answered(response)


def remove(browser: Browser, client: Client) -> str:
    token = csrf_token(browser.get("/sign-out"))
    browser.post(f"/profile/websites/{client.id}/remove", {"csrf_token": token})
    return str(browser.get("/profile").get_data(as_text=True))


def test_3_1_2_4_asked_once(provider: Provider, jane: Browser, client: Client):
    assert "code" in answer(jane, client)
    assert not is_asked(jane, client)
    assert "code" in answered(jane.authorize(client.request(prompt="none")))
    elsewhere = provider.browser("resident-1")
    assert not is_asked(elsewhere, client)
    assert provider.events().count("consent_given") == 1


def test_3_1_2_4_nobody_is_asked_for_the_citys_own(provider: Provider, jane: Browser):
    own = provider.client()
    assert not is_asked(jane, own)
    assert "code" in answer(jane, own, prompt="consent")
    assert is_asked(jane, own, prompt="consent")
    assert "Websites you allowed" not in jane.get("/profile").get_data(as_text=True)


def test_3_1_2_4_another_resident_is_asked_too(provider: Provider, jane: Browser, client: Client):
    answer(jane, client)
    assert is_asked(provider.browser(provider.resident()), client)


def test_3_1_2_4_asked_again_when_more_is_wanted(jane: Browser, client: Client):
    answer(jane, client, scope="openid profile")
    assert not is_asked(jane, client, scope="openid")
    assert is_asked(jane, client, scope="openid email")
    assert is_asked(jane, client, scope="openid", resource=RESOURCE)
    refused = jane.authorize(client.request(scope="openid email", prompt="none"))
    assert answered(refused)["error"] == "consent_required"
    answer(jane, client, scope="openid email", resource=RESOURCE)
    assert not is_asked(jane, client, scope="openid profile email", resource=RESOURCE)


def test_3_1_2_4_the_question_names_the_host(provider: Provider, jane: Browser, client: Client):
    page = jane.get(jane.authorize(client.request()).location).get_data(as_text=True)
    assert "The Pinellas News (city.example) asks to:" in page
    app = provider.client(
        id="app",
        name="News",
        first_party=False,
        token_endpoint_auth_method="none",
        redirect_uris=["org.example.news:/cb"],
    )
    page = jane.get(jane.authorize(app.request()).location).get_data(as_text=True)
    assert "News, an app on this device, asks to:" in page


def test_11_offline_access_is_asked_for(jane: Browser, client: Client):
    answer(jane, client, scope="openid")
    assert is_asked(jane, client, scope="openid offline_access")


def test_3_1_2_1_the_question_is_put_in_the_language_that_was_asked_for(jane: Browser, client: Client):
    page = jane.get(jane.authorize(client.request(ui_locales="es en")).location)
    assert '<html lang="es">' in page.get_data(as_text=True)


def test_3_1_2_1_prompt_consent_asks_again(jane: Browser, client: Client):
    answer(jane, client)
    assert is_asked(jane, client, prompt="consent")
    assert "code" in answer(jane, client, prompt="consent")


def test_3_1_2_6_a_no_is_not_remembered_and_takes_nothing_back(jane: Browser, client: Client):
    assert answer(jane, client, "no")["error"] == "access_denied"
    assert is_asked(jane, client)
    answer(jane, client)
    assert answer(jane, client, "no", prompt="consent")["error"] == "access_denied"
    assert not is_asked(jane, client)


def test_rfc8252_8_6_a_program_that_anybody_could_be_is_asked_for_each_time(
    provider: Provider, jane: Browser
):
    app = provider.client(
        id="app",
        first_party=False,
        token_endpoint_auth_method="none",
        redirect_uris=["http://127.0.0.1/callback"],
    )
    assert "code" in answer(jane, app)
    assert is_asked(jane, app)
    assert answered(jane.authorize(app.request(prompt="none")))["error"] == "consent_required"


class TestWebsitesYouAllowed:
    def test_they_are_listed_with_what_they_may(self, jane: Browser, client: Client):
        answer(jane, client, resource=RESOURCE, scope="openid email billing.read offline_access")
        page = jane.get("/profile").get_data(as_text=True)
        for words in (
            "Websites you allowed",
            "The Pinellas News",
            "see your email address",
            "use Utility Billing for you",
            "do so when you are not signed in",
        ):
            assert words in page
        assert "see your name" not in page

    def test_removing_access_ends_the_tokens(self, provider: Provider, jane: Browser, client: Client):
        code = answer(jane, client, scope="openid offline_access")["code"]
        tokens = provider.redeem(client, code).json
        page = remove(jane, client)
        assert "The website no longer has access." in page
        assert "Remove access" not in page
        assert provider.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"
        assert provider.userinfo(tokens["access_token"]).status_code == 401
        assert is_asked(jane, client)
        assert provider.events().count("consent_removed") == 1

    def test_the_website_is_told_and_no_other(self, provider: Provider, jane: Browser, client: Client):
        provider.redeem(client, answer(jane, client)["code"])
        other = provider.client(id="own", backchannel_logout_uri="https://city.example/out")
        provider.tokens(jane, other)
        assert self.queued(provider) == 0
        remove(jane, client)
        assert self.queued(provider) == 1
        remove(jane, client)
        assert self.queued(provider) == 1

    def test_another_residents_access_stays(self, provider: Provider, jane: Browser, client: Client):
        neighbor = provider.browser(provider.resident())
        tokens = provider.redeem(client, answer(neighbor, client)["code"]).json
        answer(jane, client)
        remove(jane, client)
        assert provider.userinfo(tokens["access_token"]).status_code == 200
        assert not is_asked(neighbor, client)

    def test_it_cannot_be_forged(self, jane: Browser, client: Client):
        answer(jane, client)
        jane.post(f"/profile/websites/{client.id}/remove")
        assert not is_asked(jane, client)

    @pytest.mark.parametrize("client_id", ["nobody", "x" * 300, "%00", "%C3%BC"])
    def test_what_was_never_allowed_changes_nothing(self, jane: Browser, client: Client, client_id: str):
        answer(jane, client)
        token = csrf_token(jane.get("/sign-out"))
        response = jane.post(f"/profile/websites/{client_id}/remove", {"csrf_token": token})
        assert response.status_code in (303, 404)
        assert not is_asked(jane, client)

    def queued(self, provider: Provider) -> int:
        with provider.storage.autocommit() as connection:
            return len(connection.execute(OutboxMessage.__table__.select()).all())


@pytest.fixture
def site(provider: Provider) -> Iterator[str]:
    """Return the address of the provider on loopback."""
    server = make_server("127.0.0.1", 0, provider.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
@pytest.mark.parametrize(("language", "words"), [("en", "Remove access"), ("es", "Quitar acceso")])
def test_axe_finds_nothing_on_the_profile_page(
    provider: Provider, jane: Browser, client: Client, site: str, page: Page, language: str, words: str
):
    answer(jane, client, resource=RESOURCE)
    cookie = jane.client.get_cookie("session", domain="localhost")
    page.context.add_cookies([{"name": "session", "value": cookie.value, "url": site}])
    page.goto(f"{site}/profile?lang={language}")
    expect(page.get_by_role("button", name=words)).to_be_visible()
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        found = [(each["id"], each["nodes"][0]["html"]) for each in Axe().run(page).response["violations"]]
        assert found == []
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, width
    page.get_by_role("button", name=words).click()
    expect(page.get_by_role("button", name=words)).to_have_count(0)


@pytest.mark.browser
def test_the_question_fits_a_small_screen_and_leads_to_an_app(
    provider: Provider, jane: Browser, site: str, page: Page
):
    host = "a-website-with-a-long-name.calendar.pinellas-news.example.org"
    website = provider.client(
        name="The Pinellas News", first_party=False, redirect_uris=[f"https://{host}/cb"]
    )
    places = ["http://127.0.0.1/cb", "com.example.case:/cb"]
    app = provider.client(id="app", token_endpoint_auth_method="none", redirect_uris=places)
    cookie = jane.client.get_cookie("session", domain="localhost")
    page.context.add_cookies([{"name": "session", "value": cookie.value, "url": site}])
    page.goto(f"{site}/authorize?{urlencode(website.request())}")
    expect(page.get_by_text(f"The Pinellas News ({host}) asks to:")).to_be_visible()
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert Axe().run(page).response["violations"] == []
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, width
    # Nothing listens there; the browser's own attempt says that no policy of ours stood in the way.
    for place in ("http://127.0.0.1:9/cb", "com.example.case:/cb"):
        tab = page.context.new_page()
        tab.goto(f"{site}/authorize?{urlencode(app.request(redirect_uri=place))}")
        with tab.expect_request(lambda request, place=place: request.url.startswith(f"{place}?code=")):
            tab.get_by_role("button", name="Allow", exact=True).click(no_wait_after=True)
