"""English and Spanish, complete."""

from io import BytesIO
from pathlib import Path

import portal
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from portal.web.language import first_supported

SOURCE = Path(portal.__file__).parent
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}


def test_the_browsers_language_is_used(visitor) -> None:
    page = visitor.page("/", headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"})

    assert page.language == "es"
    assert page.heading == "Portal de facturación de servicios públicos"


def test_a_choice_is_kept_and_beats_the_browser(visitor) -> None:
    visitor.get("/?ui_locales=es")

    page = visitor.page("/", headers={"Accept-Language": "en"})

    assert page.language == "es"
    assert page.link("English") == "/?ui_locales=en"
    assert page.only("//a[@hreflang]").get("lang") == "en"


def test_a_language_that_the_portal_lacks_falls_back_to_english(visitor) -> None:
    assert visitor.page("/", headers={"Accept-Language": "vi"}).language == "en"


def test_money_and_days_are_written_in_the_residents_language(resident, billing_link) -> None:
    billing_link.link()

    page = resident.page("/utility-billing/accounts/link-1?ui_locales=es")

    assert "1 de diciembre de 2026" in page.text
    assert "$82.17" in page.text


def test_a_city_can_leave_a_language_out(visitor, identity) -> None:
    identity.city["languages"] = ["en"]

    assert visitor.page("/").all("//a[@hreflang]") == []


@pytest.mark.parametrize(
    ("wishes", "language"),
    [(["es-MX"], "es"), (["ht", "es_419"], "es"), (["EN"], "en"), (["vi"], ""), ([], ""), (["../es"], "")],
)
def test_the_first_wish_that_can_be_met_is_met(wishes: list[str], language: str) -> None:
    assert first_supported(wishes) == language


def test_every_text_of_the_pages_has_a_spanish_one_and_no_text_is_left_over() -> None:
    found = {message for _, _, message, *_ in extract_from_dir(SOURCE, METHODS, keywords=KEYWORDS)}
    catalog = read_po(BytesIO((SOURCE / "translations/es/LC_MESSAGES/messages.po").read_bytes()))
    translated = {message.id: message for message in catalog if message.id}

    assert set(translated) == found
    for message in translated.values():
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(texts), message.id
        assert not message.fuzzy, message.id
        assert list(message.check(catalog)) == [], message.id
