"""The shell around every page: the city's looks, its language, the way back."""

from dataclasses import replace
from datetime import UTC, datetime

from identity.continuation import Continuations
from identity.database_probe import DatabaseProbe
from identity.errors import Reason, Refused, UnavailableError
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.store import Cities
from identity.residents.passwords.hashing import PasswordHasher
from identity.signing_keys.rotation import KeyRotation
from identity_provider import set_clock
from page import Page, csrf_token


def source_of(response):
    return response.get_data(as_text=True)


def test_a_page_wears_the_city_of_the_website_that_sent_the_resident(client, from_portal):
    source = source_of(client.get(f"/sign-in{from_portal}"))
    assert "<title>Sign in | City of Pinellas Park</title>" in source
    assert 'src="/cities/pinellas-park/logo.svg"' in source
    assert 'href="/cities/pinellas-park/theme.css"' in source


def test_it_keeps_it_on_pages_that_are_opened_without_it(client, from_portal):
    client.get(f"/sign-in{from_portal}")
    for path in ("/help", "/sign-in", "/nowhere"):
        assert "City of Pinellas Park" in source_of(client.get(path))


def test_without_any_city_it_wears_the_products_name(client):
    assert "<title>Sign in | Community Access ID</title>" in source_of(client.get("/sign-in"))


def test_the_skip_link_comes_first_and_leads_to_the_main_part(client):
    page = Page(client.get("/sign-in"))
    first = next(page.root.iter("a"))
    assert (first.get("class"), first.get("href")) == ("usa-skipnav", "#main-content")
    assert page.only("//*[@id='main-content']").tag == "main"


def test_there_is_no_banner_of_the_federal_government(client, from_portal):
    assert "usa-banner" not in source_of(client.get(f"/sign-in{from_portal}"))


def test_every_page_has_one_first_heading_and_unique_ids(client, from_portal):
    for path in ("/sign-in", "/sign-up", "/forgot-password", "/unlock-account", "/help"):
        page = Page(client.get(f"{path}{from_portal}"))
        assert len(page.all("//h1")) == 1, path
        ids = page.all("//@id")
        assert len(ids) == len(set(ids)), path


def test_the_citys_notice_is_on_every_page(client, from_portal, storage, city):
    with storage.transaction() as tx:
        Cities(tx).put_city(replace(city, notice="Payments are delayed until noon."))
    assert "Payments are delayed until noon." in source_of(client.get(f"/help{from_portal}"))


def test_an_application_that_expires_reads_cities_and_keys_again(
    client, from_portal, storage, city, clock, secret_keys
):
    def shown():
        return Page(client.get(f"/help{from_portal}")).title, len(client.get("/jwks").json["keys"])

    title, keys = shown()
    with storage.transaction() as tx:
        Cities(tx).put_city(replace(city, name="City of Gulfport"))
    KeyRotation(storage, secret_keys, clock).ensure_active_key("ES256")
    assert shown() == (title, keys)
    for expire in client.application.extensions["identity.expire"]:
        expire()
    assert shown() == ("Help | City of Gulfport", keys + 1)


class TestLanguage:
    def test_is_what_the_browser_asks_for(self, client):
        source = source_of(client.get("/sign-in", headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}))
        assert '<html lang="es">' in source
        assert "Iniciar sesión" in source

    def test_is_english_for_a_language_that_we_do_not_speak(self, client):
        assert '<html lang="en">' in source_of(client.get("/sign-in", headers={"Accept-Language": "de"}))

    def test_is_the_citys_first_then(self, client, from_portal, storage, city):
        with storage.transaction() as tx:
            Cities(tx).put_city(replace(city, languages=("es", "en")))
        assert '<html lang="es">' in source_of(client.get(f"/sign-in{from_portal}"))

    def test_the_switch_keeps_the_page_and_the_way_on(self, client, from_portal):
        link = Page(client.get(f"/sign-in{from_portal}")).only("//a[@lang='es']").get("href")
        assert link == f"/sign-in{from_portal}&lang=es"
        assert "Recordarme" in source_of(client.get(link))

    def test_the_choice_is_remembered(self, client):
        client.get("/sign-in?lang=es")
        assert '<html lang="es">' in source_of(client.get("/help", headers={"Accept-Language": "en"}))
        client.get("/sign-in?lang=en")
        assert '<html lang="en">' in source_of(client.get("/help"))

    def test_an_unknown_one_changes_nothing(self, client):
        for tag in ("xx", "", "../../etc", "%00", "es'"):
            response = client.get(f"/sign-in?lang={tag}")
            assert '<html lang="en">' in source_of(response)
            assert "language=" not in str(response.headers.getlist("Set-Cookie"))

    def test_errors_speak_it_too(self, client):
        source = source_of(client.post("/sign-in?lang=es", data={}))
        assert "Su sesión ha vencido." in source
        assert "No se encontró la página" in source_of(client.get("/nowhere?lang=es"))


class TestErrors:
    def test_an_unknown_address_is_a_page_with_the_way_on(self, client, from_portal):
        response = client.get(f"/nowhere{from_portal}")
        assert response.status_code == 404
        assert "Page not found" in source_of(response)
        assert 'href="http://127.0.0.1:8080/sign-in">Continue to Citizen Self Service' in source_of(response)

    def test_a_wrong_method_is_a_page_that_names_the_right_ones(self, client):
        response = client.delete("/help")
        assert response.status_code == 405
        assert "GET" in response.headers["Allow"]
        assert "This page cannot be opened this way" in source_of(response)

    def test_a_fault_is_a_page_without_its_cause(self, start, monkeypatch, from_portal):
        def fail():
            raise RuntimeError("SELECT secret FROM residents")

        app = start()
        monkeypatch.setitem(app.view_functions, "help.show", fail)
        response = app.test_client().get(f"/help{from_portal}")
        assert response.status_code == 500
        assert "Something went wrong on our side" in source_of(response)
        assert "City of Pinellas Park" in source_of(response)
        assert "SELECT" not in source_of(response)

    def test_it_is_a_page_even_when_the_database_is_away(self, start, monkeypatch, from_portal):
        def fail(_self, _id):
            raise RuntimeError("connection refused")

        app = start()
        monkeypatch.setattr(RelyingPartyCache, "client", fail)
        monkeypatch.setattr(RelyingPartyCache, "city", fail)
        response = app.test_client().get(f"/help{from_portal}")
        assert response.status_code == 500
        assert "Something went wrong on our side" in source_of(response)
        assert "connection refused" not in source_of(response)

    def test_a_database_that_does_not_answer_is_a_page_for_later(self, start, monkeypatch, from_portal):
        def fail(_self, _id):
            raise UnavailableError("the database does not answer")

        app = start()
        monkeypatch.setattr(RelyingPartyCache, "client", fail)
        response = app.test_client().get(f"/help{from_portal}")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
        assert "Please try again in a few minutes." in source_of(response)

    def test_it_is_in_the_language_of_the_browser_even_without_the_city(
        self, start, monkeypatch, from_portal
    ):
        def fail(_self, _id):
            raise UnavailableError("the database does not answer")

        app = start()
        monkeypatch.setattr(RelyingPartyCache, "client", fail)
        response = app.test_client().get(f"/help{from_portal}", headers={"Accept-Language": "es-MX"})
        assert "No disponible" in source_of(response)
        assert '<html lang="es"' in source_of(response)

    def test_being_too_busy_is_a_page(self, client, monkeypatch):
        def busy(_self, _hash, _password):
            raise Refused(Reason.TEMPORARILY_UNAVAILABLE)

        monkeypatch.setattr(PasswordHasher, "verify", busy)
        token = csrf_token(client.get("/sign-in"))
        typed = {"csrf_token": token, "email": "pat@example.com", "password": "some password"}
        response = client.post("/sign-in", data=typed)
        assert response.status_code == 503
        assert "Please try again in a few minutes." in source_of(response)


class TestHealth:
    def test_live(self, client):
        assert client.get("/health/live").json == {"status": "ok"}

    def test_ready_while_the_database_can_be_used(self, client, clock):
        set_clock(clock, datetime.now(UTC))
        assert client.get("/health/ready").json == {"status": "ok"}

    def test_not_ready_when_it_does_not(self, client, monkeypatch):
        monkeypatch.setattr(DatabaseProbe, "succeeds", lambda _self: False)
        response = client.get("/health/ready")
        assert response.status_code == 503
        assert response.json == {"status": "unavailable"}


def test_the_continuation_of_the_url_is_read_once_a_request(client, from_portal, monkeypatch):
    read, seen = Continuations.read, []
    monkeypatch.setattr(Continuations, "read", lambda self, signed: seen.append(signed) or read(self, signed))
    for path in ("/sign-in", "/sign-up", "/help"):
        client.get(f"{path}{from_portal}")
    assert len(seen) == 3
