import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import identity
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from identity.mail.messages import Mail, Template
from identity.mail.rendering import Renderer, language_of, masked
from jinja2 import TemplateNotFound, UndefinedError
from lxml import html

TRANSLATIONS = Path(identity.__file__).parent / "translations"
AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
FACTS = {
    "link": "https://id.example.gov/x?token=a&continue=b",
    "code": "012345",
    "sign_in_link": "https://id.example.gov/sign-in",
    "reset_link": "https://id.example.gov/forgot-password",
    "sign_up_link": "https://id.example.gov/sign-up",
    "provider": "google",
    "new_address": "new@example.com",
    "account_ending": "4567",
    "undo_until": "2026-11-30",
    "service": "Citizen Self Service",
    "portal_link": "https://portal.example.gov/",
}


@pytest.fixture(scope="session")
def translations(tmp_path_factory):
    """Return the catalogues as they are in the source, compiled."""
    compiled = tmp_path_factory.mktemp("translations")
    for source in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"):
        target = compiled / source.relative_to(TRANSLATIONS).with_suffix(".mo")
        target.parent.mkdir(parents=True)
        with source.open("rb") as po, target.open("wb") as mo:
            write_mo(mo, read_po(po))
    return compiled


@pytest.fixture
def renderer(cities, translations):
    return Renderer(cities.get, translations)


def mail(template, *, language="en", city_id="pinellas-park", to="jane@example.com", **facts: str):
    return Mail(to=to, language=language, template=template, city_id=city_id, facts=FACTS | facts)


@pytest.mark.parametrize("template", list(Template))
def test_every_mail_says_who_writes_why_and_that_nobody_asks_for_the_password(renderer, template):
    rendered = renderer.render(mail(template), AT)
    for version in (rendered.text, rendered.html):
        assert "City of Pinellas Park" in version
        assert "Community Access ID" in version
        assert "j•••@example.com" in version
        assert "November 23, 2026, 10:00" in version
        assert "We never ask for your password" in version
        assert "727-369-0690" in version


def unwrapped(text):
    """Return the text with each paragraph on one line."""
    return re.sub(r"(?<=\S)\n(?=\S)", " ", text)


def spoken(text):
    return set(re.findall(r"\w+", re.sub(r"https://\S+", " ", text)))


@pytest.mark.parametrize("template", list(Template))
def test_html_and_text_say_the_same(renderer, template):
    rendered = renderer.render(mail(template), AT)
    headline = html.document_fromstring(rendered.html).find(".//h1")
    words = " ".join(headline.xpath(".//text() | following::text()"))
    # The one sentence that a mail without buttons has no use for.
    words = words.replace("If the button does not work, copy this address into your browser:", "")
    assert spoken(words) == spoken(rendered.text)


@pytest.mark.parametrize("template", list(Template))
def test_nothing_is_fetched_and_nothing_is_counted(renderer, template):
    source = renderer.render(mail(template), AT).html
    root = html.document_fromstring(source)
    assert root.xpath("//img | //script | //link | //iframe | //form") == []
    assert "url(" not in source
    assert "@import" not in source
    assert set(root.xpath("//@href")) <= {*FACTS.values(), "https://www.pinellas-park.com"}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("template", list(Template))
def test_a_subject_is_one_line_without_personal_data(renderer, template, language):
    subject = renderer.render(mail(template, language=language), AT).subject
    assert 5 < len(subject) < 70
    assert "\n" not in subject
    for datum in ("jane", "012345", "4567"):
        assert datum not in subject


@pytest.mark.parametrize("template", list(Template))
def test_every_mail_speaks_spanish_throughout(renderer, template):
    english, spanish = (renderer.render(mail(template, language=tag), AT) for tag in ("en", "es-US"))
    assert 'lang="es"' in spanish.html
    assert "23 de noviembre de 2026" in spanish.text
    ours = (
        "City of Pinellas Park",
        "Utility Billing Department",
        "Community Access ID",
        "Citizen Self Service",
    )
    for name in ours:
        assert (name in unwrapped(english.text)) == (name in unwrapped(spanish.text))
    sentences = [part for part in unwrapped(english.text).split("\n") if len(part.split()) > 5]
    assert [part for part in sentences if part in unwrapped(spanish.text)] == []


def test_verify_registration_has_the_button_the_link_the_code_and_how_long(renderer):
    rendered = renderer.render(mail(Template.VERIFY_REGISTRATION), AT)
    assert '<a href="https://id.example.gov/x?token=a&amp;continue=b"' in rendered.html
    assert ">Verify registration</a>" in rendered.html
    assert "Verify registration:\nhttps://id.example.gov/x?token=a&continue=b\n" in rendered.text
    for version in (rendered.text, rendered.html):
        assert "012345" in version
        assert "expires in 24 hours" in version
        assert "expires in 10 minutes" in " ".join(version.split())


def test_use_your_provider_names_the_provider(renderer):
    rendered = renderer.render(mail(Template.USE_YOUR_PROVIDER, provider="microsoft"), AT)
    assert "You sign in with Microsoft." in rendered.text


def test_an_auto_link_says_until_when_it_can_be_undone(renderer):
    rendered = renderer.render(mail(Template.UTILITY_ACCOUNT_AUTO_LINKED), AT)
    assert "until November 30,\n2026" in rendered.text or "until November 30, 2026" in rendered.text
    without = renderer.render(mail(Template.UTILITY_ACCOUNT_AUTO_LINKED, undo_until="", portal_link=""), AT)
    assert "undo" not in without.text
    assert "Open Citizen Self Service" not in without.html


def test_what_a_city_or_a_fact_contains_is_text(renderer, cities):
    cities["evil"] = SimpleNamespace(
        name="<b>City</b>",
        website="https://x.example/",
        support_phone="1",
        support_name="&",
        primary_color="#004b87",
        time_zone="America/New_York",
    )
    rendered = renderer.render(
        mail(Template.UTILITY_ACCOUNT_LINKED, city_id="evil", account_ending="<i>"), AT
    )
    assert "<b>City" not in rendered.html
    assert "&lt;b&gt;City&lt;/b&gt;" in rendered.html
    assert "<i>" not in rendered.html
    assert "<b>City</b>" in rendered.text


@pytest.mark.parametrize("city_id", [None, "unknown"])
def test_without_a_city_the_mail_is_the_products_own(renderer, city_id):
    rendered = renderer.render(mail(Template.RESET_PASSWORD, city_id=city_id), AT)
    assert rendered.text.startswith("Community Access ID\n")
    assert "Questions?" not in rendered.text


def test_a_missing_fact_is_an_error_and_not_a_gap(renderer):
    incomplete = Mail("jane@example.com", "en", Template.RESET_PASSWORD, None, {})
    with pytest.raises(UndefinedError):
        renderer.render(incomplete, AT)
    with pytest.raises(TemplateNotFound):
        renderer.render(mail("no_such_mail"), AT)


def test_every_template_is_named_and_every_name_has_a_template():
    files = {path.stem for path in (TRANSLATIONS.parent / "templates/mail").glob("*.jinja")}
    assert files == set(Template)


@pytest.mark.parametrize(
    ("tag", "language"),
    [("es", "es"), ("es-US", "es"), ("ES_MX", "es"), ("en-US", "en"), ("vi", "en"), ("", "en")],
)
def test_who_reads_another_language_gets_english(tag, language):
    assert language_of(tag) == language


def test_an_address_is_masked_to_its_first_letter():
    assert masked("jane.doe@example.com") == "j•••@example.com"
    assert masked("j@example.com") == "j•••@example.com"


def test_times_are_those_of_the_city(renderer):
    rendered = renderer.render(mail(Template.UTILITY_ACCOUNT_LINKED, account_ending="4567"), AT)
    assert "November 23, 2026, 10:00\u202fAM EST" in rendered.text
