"""Interactions: whatever happens to one, the resident gets back to the website that asked."""

from urllib.parse import parse_qs, urlsplit

from identity.continuation import Continuations
from identity.oidc.authorization.store import InteractionStore
from identity.relying_parties.admin import Registry
from identity.secret_keys import SecretKeys
from identity_provider import CITY, ISSUER, Browser, Client, Provider, answered


def waiting(browser: Browser, client: Client, **changes: str) -> str:
    """Begin a sign-in and return the path where it goes on."""
    response = browser.authorize(client.request(**changes))
    [signed] = parse_qs(urlsplit(response.location).query)["continue"]
    return Continuations(SecretKeys(["a key of thirty-two characters or more"])).read(signed).path


def started_over(response) -> str:
    """Return the reason with which the browser was sent to where the client's sign-in starts."""
    assert response.status_code == 303
    address, _, query = response.location.partition("?")
    assert address == "https://city.example/sign-in"
    parameters = parse_qs(query)
    assert parameters["iss"] == [ISSUER]
    return parameters["reason"][0]


def test_two_tabs_wait_side_by_side(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    first, second = waiting(browser, client, state="one"), waiting(browser, client, state="two")
    browser.sign_in(provider.resident())
    assert answered(browser.get(second))["state"] == "two"
    assert answered(browser.get(first))["state"] == "one"


def test_reloading_before_signing_in_asks_again(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    path = waiting(browser, client)
    for _ in range(3):
        assert browser.get(path).location.startswith("/sign-in?continue=")


def test_an_answered_one_leads_back_to_the_client(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    path = waiting(browser, client)
    browser.sign_in(provider.resident())
    assert "code" in answered(browser.get(path))
    assert started_over(browser.get(path)) == "sign_in_already_answered"


def test_after_an_hour_it_leads_back_to_the_client(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    path = waiting(browser, client)
    provider.advance(minutes=59)
    assert browser.get(path).location.startswith("/sign-in")
    provider.advance(minutes=1)
    browser.sign_in(provider.resident())
    assert started_over(browser.get(path)) == "sign_in_expired"


def test_another_browser_leads_back_to_the_client(provider: Provider):
    client = provider.client()
    path = waiting(provider.browser(), client)
    other = provider.browser(provider.resident())
    assert started_over(other.get(path)) == "sign_in_began_in_another_browser"


def test_one_that_is_long_forgotten_still_leads_back(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    path = waiting(browser, client)
    provider.advance(days=2)
    with provider.storage.autocommit() as connection:
        assert InteractionStore(connection).delete_old(provider.clock.now(), 100) == 1
    assert started_over(browser.get(path)) == "sign_in_already_answered"


def test_without_a_known_client_the_page_says_how_to_go_on(provider: Provider):
    for path in (
        "/authorize/resume/unknown",
        "/authorize/resume/unknown?client_id=nobody",
        f"/authorize/resume/{'x' * 500}?client_id=%00",
    ):
        response = provider.browser().get(path)
        assert response.status_code == 400, path
        assert "This sign-in has ended" in response.get_data(as_text=True)
    response = provider.browser().get("/authorize/resume/%00")
    assert response.status_code == 404
    assert "Page not found" in response.get_data(as_text=True)


def test_a_client_disabled_meanwhile_gets_nothing(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    path = waiting(browser, client)
    browser.sign_in(provider.resident())
    Registry(provider.storage, provider.clock).disable_client(client.id)
    provider.advance(seconds=6)
    response = browser.get(path)
    assert response.status_code == 400
    assert "Location" not in response.headers


def test_a_redirect_uri_withdrawn_meanwhile_is_not_redirected_to(provider: Provider):
    client = provider.client()
    browser = provider.browser()
    path = waiting(browser, client)
    provider.client(redirect_uris=["https://city.example/new"])
    browser.sign_in(provider.resident())
    assert browser.get(path).status_code == 400


def test_an_abandoned_one_leaks_into_none(provider: Provider):
    portal, site = provider.client(id="portal"), provider.client(id="site")
    browser = provider.browser()
    waiting(browser, portal, state="abandoned", scope="openid billing.read")
    path = waiting(browser, site, state="mine", scope="openid")
    browser.sign_in(provider.resident())
    answer = answered(browser.get(path))
    assert answer["state"] == "mine"
    assert provider.redeem(site, answer["code"]).json["scope"] == "openid"


def test_the_browsers_cookie_is_its_own_and_hidden_from_scripts(provider: Provider):
    response = provider.browser().authorize(provider.client().request())
    cookie = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith("browser="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie


def test_a_page_of_ours_names_the_city(provider: Provider):
    client = provider.client()
    page = provider.browser().authorize(client.request(redirect_uri="https://attacker.example/"))
    text = page.get_data(as_text=True)
    assert "City of Pinellas Park" in text
    assert f"/cities/{CITY}/theme.css" in text


def test_a_website_that_keeps_sending_its_resident_back_is_explained(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    navigation = {"Sec-Fetch-Mode": "navigate"}
    for _ in range(6):
        assert "code" in answered(browser.authorize(client.request(), headers=navigation))
    page = browser.authorize(client.request(), headers=navigation)
    assert page.status_code == 400
    assert "keeps sending you back here" in page.get_data(as_text=True)
    assert "code" in answered(browser.authorize(client.request(), headers=navigation))


def test_coming_back_now_and_then_is_no_loop(provider: Provider):
    client = provider.client()
    browser = provider.browser(provider.resident())
    for _ in range(20):
        answer = browser.authorize(client.request(), headers={"Sec-Fetch-Mode": "navigate"})
        assert "code" in answered(answer)
        provider.advance(seconds=5)
