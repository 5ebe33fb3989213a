"""Spanish is complete: every sentence of the code, the pages and the mails."""

import re
from pathlib import Path

import identity
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(identity.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.jinja", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\([a-z_]+\)s")


@pytest.fixture(scope="module")
def sentences():
    found = extract_from_dir(ROOT, METHODS, keywords=KEYWORDS)
    return {_forms(message)[0] for _file, _line, message, *_rest in found}


@pytest.fixture(scope="module")
def spanish():
    with (ROOT / "translations/es/LC_MESSAGES/messages.po").open("rb") as file:
        return {_forms(message.id)[0]: message for message in read_po(file) if message.id}


def _forms(text):
    """Return the forms of a text: one, or singular and plural."""
    return (text,) if isinstance(text, str) else text


def test_every_sentence_is_translated(sentences, spanish):
    assert len(sentences) > 150
    assert {s for s in sentences if s not in spanish or not all(_forms(spanish[s].string))} == set()


def test_no_translation_is_a_guess(spanish):
    assert [message.id for message in spanish.values() if message.fuzzy] == []


def test_no_translation_is_of_something_gone(sentences, spanish):
    assert set(spanish) - sentences == set()


def test_placeholders_are_kept(spanish):
    for message in spanish.values():
        for english, translated in zip(_forms(message.id), _forms(message.string), strict=True):
            assert sorted(PLACEHOLDER.findall(english)) == sorted(PLACEHOLDER.findall(translated)), english


def test_pages_in_spanish_have_no_english_left(client, spanish):
    for path in ("/sign-in", "/sign-up", "/forgot-password", "/unlock-account", "/help"):
        source = client.get(f"{path}?lang=es").get_data(as_text=True)
        for english, message in spanish.items():
            if len(english) > 12 and message.string != message.id:
                assert f">{english}<" not in source, english
