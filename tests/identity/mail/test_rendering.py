import inspect
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import identity
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from identity.mail import messages
from identity.mail.messages import Mail, Recipient
from identity.mail.rendering import Renderer, language_of, masked
from jinja2 import Environment, TemplateNotFound, UndefinedError, nodes
from lxml import html

TRANSLATIONS = Path(identity.__file__).parent / "translations"
TEMPLATES = Path(identity.__file__).parent / "templates/mail"
AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
# Every mail: each public function of the module that takes a recipient.
MESSAGES = [
    function
    for _, function in inspect.getmembers(messages, inspect.isfunction)
    if inspect.get_annotations(function, eval_str=True).get("to") is Recipient
    and function.__name__ != "_mail"
]
FACTS = {
    "link": "https://id.example.gov/x?token=a&continue=b",
    "lifetime": timedelta(hours=3),
    "code": "012345",
    "sign_in_link": "https://id.example.gov/sign-in",
    "reset_link": "https://id.example.gov/forgot-password",
    "sign_up_link": "https://id.example.gov/sign-up",
    "provider": "google",
    "new_address": "new@example.com",
    "account_ending": "4567",
    "undo_until": date(2026, 11, 30),
    "browser": "Firefox",
    "system": "Windows",
    "network": "203.0.113.*",
    "service": "Citizen Self Service",
    "portal_link": "https://portal.example.gov/",
}
# Facts whose parameter has another name.
NAMES = {"lifetime": "link_minutes"}
# What the release before left in the outbox: the template, and its facts.
STORED = [
    ("verify_registration", {"link", "code"}),
    ("verify_first_sign_in", {"link", "code", "provider"}),
    ("already_registered", {"sign_in_link", "reset_link"}),
    ("use_your_provider", {"provider", "sign_in_link"}),
    ("reset_password", {"link"}),
    ("password_changed", {"reset_link"}),
    ("sessions_ended_for_safety", {"service", "reset_link"}),
    ("unlock_account", {"link"}),
    ("account_not_locked", {"sign_in_link", "reset_link"}),
    ("account_locked", {"link"}),
    ("account_stopped", {"link"}),
    ("no_account", {"sign_up_link"}),
    ("verify_new_address", {"code"}),
    ("address_changed", {"new_address", "provider", "sign_in_link"}),
    ("id_deleted", {"provider", "sign_in_link"}),
    ("utility_account_linked", {"account_ending", "portal_link"}),
    ("utility_account_auto_linked", {"account_ending", "undo_until", "portal_link"}),
    ("utility_account_linked_by_other", {"account_ending", "portal_link"}),
    ("utility_account_unlinked", {"account_ending", "portal_link"}),
]


def facts_of(message):
    """Return the names of the parameters by which a mail's function asks for facts."""
    return set(inspect.signature(message).parameters) - {"to", "code_subject"}


def sample(message, *, language="en", city_id="pinellas-park", **facts: object) -> Mail:
    """Return a mail to Jane."""
    given = {name: (FACTS | facts)[name] for name in facts_of(message)}
    if message in (messages.verify_new_address, messages.sign_in_code):
        given["code_subject"] = "jane"
    return message(Recipient("jane@example.com", language, city_id), **given)


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


@pytest.mark.parametrize("message", MESSAGES)
def test_every_mail_says_who_writes_why_and_that_nobody_asks_for_the_password(renderer, message):
    rendered = renderer.render(sample(message), AT)
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


@pytest.mark.parametrize("message", MESSAGES)
def test_html_and_text_say_the_same(renderer, message):
    rendered = renderer.render(sample(message), AT)
    headline = html.document_fromstring(rendered.html).find(".//h1")
    words = " ".join(headline.xpath(".//text() | following::text()"))
    # The one sentence that a mail without buttons has no use for.
    words = words.replace("If the button does not work, copy this address into your browser:", "")
    assert spoken(words) == spoken(rendered.text)


@pytest.mark.parametrize("message", MESSAGES)
def test_nothing_is_fetched_and_nothing_is_counted(renderer, message):
    source = renderer.render(sample(message), AT).html
    root = html.document_fromstring(source)
    assert root.xpath("//img | //script | //link | //iframe | //form") == []
    assert "url(" not in source
    assert "@import" not in source
    assert set(root.xpath("//@href")) <= {*map(str, FACTS.values()), "https://www.pinellas-park.com"}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("message", MESSAGES)
def test_a_subject_is_one_line_without_personal_data(renderer, message, language):
    subject = renderer.render(sample(message, language=language), AT).subject
    assert 5 < len(subject) < 70
    assert "\n" not in subject
    for datum in ("jane", "012345", "4567"):
        assert datum not in subject


@pytest.mark.parametrize("message", MESSAGES)
def test_every_mail_speaks_spanish_throughout(renderer, message):
    english, spanish = (renderer.render(sample(message, language=tag), AT) for tag in ("en", "es-US"))
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
    rendered = renderer.render(sample(messages.verify_registration), AT)
    assert '<a href="https://id.example.gov/x?token=a&amp;continue=b"' in rendered.html
    assert ">Verify registration</a>" in rendered.html
    assert "Verify registration:\nhttps://id.example.gov/x?token=a&continue=b\n" in rendered.text
    for version in (rendered.text, rendered.html):
        assert "012345" in version
        assert "expires in 24 hours" in version
        assert "expires in 10 minutes" in " ".join(version.split())


def test_use_your_provider_names_the_provider(renderer):
    rendered = renderer.render(sample(messages.use_your_provider, provider="microsoft"), AT)
    assert "You sign in with Microsoft." in rendered.text


def test_an_auto_link_says_until_when_it_can_be_undone(renderer):
    rendered = renderer.render(sample(messages.utility_account_auto_linked), AT)
    assert "until November 30,\n2026" in rendered.text or "until November 30, 2026" in rendered.text
    without = renderer.render(
        sample(messages.utility_account_auto_linked, undo_until=None, portal_link=""), AT
    )
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
        sample(messages.utility_account_linked, city_id="evil", account_ending="<i>"), AT
    )
    assert "<b>City" not in rendered.html
    assert "&lt;b&gt;City&lt;/b&gt;" in rendered.html
    assert "<i>" not in rendered.html
    assert "<b>City</b>" in rendered.text


@pytest.mark.parametrize("city_id", [None, "unknown"])
def test_without_a_city_the_mail_is_the_products_own(renderer, city_id):
    rendered = renderer.render(sample(messages.reset_password, city_id=city_id), AT)
    assert rendered.text.startswith("Community Access ID\n")
    assert "Questions?" not in rendered.text


def test_a_missing_fact_is_an_error_and_not_a_gap(renderer):
    with pytest.raises(UndefinedError):
        renderer.render(Mail("jane@example.com", "en", "reset_password", None, {}), AT)
    with pytest.raises(TemplateNotFound):
        renderer.render(Mail("jane@example.com", "en", "no_such_mail", None, {}), AT)


def test_every_template_has_a_function_of_its_name_and_every_function_a_template():
    assert {path.stem for path in TEMPLATES.glob("*.jinja")} == {message.__name__ for message in MESSAGES}


@pytest.mark.parametrize("message", MESSAGES)
def test_a_mail_carries_the_facts_that_its_template_uses_and_no_others(message):
    mail = sample(message)
    source = (TEMPLATES / f"{message.__name__}.jinja").read_text(encoding="utf-8")
    parsed = Environment(extensions=["jinja2.ext.i18n"]).parse(source)  # noqa: S701 - nothing is rendered
    used = {
        node.attr
        for node in parsed.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == "facts"
    }
    assert (mail.template, set(mail.facts)) == (message.__name__, used)
    assert {NAMES.get(name, name) for name in facts_of(message)} == used


@pytest.mark.parametrize(("template", "facts"), STORED)
def test_what_the_release_before_queued_is_still_rendered(renderer, template, facts):
    stored = json.dumps(
        {
            "to": "jane@example.com",
            "language": "en",
            "template": template,
            "city_id": "pinellas-park",
            "facts": {name: str(FACTS[name]) for name in facts},
        }
    )
    assert renderer.render(Mail.from_json(stored), AT).subject


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
    rendered = renderer.render(sample(messages.utility_account_linked, account_ending="4567"), AT)
    assert "November 23, 2026, 10:00\u202fAM EST" in rendered.text


@pytest.mark.parametrize(
    ("minutes", "english", "spanish"),
    [(30, "30 minutes", "30 minutos"), (180, "3 hours", "3 horas"), (24 * 60, "24 hours", "24 horas")],
)
def test_a_link_for_recovery_says_how_long_it_works(renderer, minutes, english, spanish):
    for language, words in (("en", f"expires in {english} and"), ("es", f"caduca en {spanish} y")):
        mail = sample(messages.reset_password, language=language, lifetime=timedelta(minutes=minutes))
        assert words in unwrapped(renderer.render(mail, AT).text)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_mail_that_a_stranger_may_have_asked_for_says_how_to_stop_them(renderer, message):
    stoppable = messages.with_stop_link(sample(message), "https://id.example.gov/stop-emails?token=x")
    rendered = renderer.render(stoppable, AT)
    assert "Stop emails that others ask for:\nhttps://id.example.gov/stop-emails?token=x" in rendered.text
    assert 'href="https://id.example.gov/stop-emails?token=x"' in rendered.html
    assert "Stop emails" not in renderer.render(sample(message), AT).text
