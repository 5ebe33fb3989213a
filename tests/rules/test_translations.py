"""Spanish says everything that English says: each text of code and templates has its translation."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
PACKAGES = {service: ROOT / "services" / service / "src" / service for service in ("identity", "portal")}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.jinja", "jinja2")]
# A template with a fault is reported, not passed over.
OPTIONS = {"**/templates/**.*": {"silent": "false"}}
KEYWORDS = DEFAULT_KEYWORDS | {
    "_l": None,
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
}


def texts(package: Path) -> set[str]:
    """Return every text that code and templates mark for translation, by its singular."""
    found = extract_from_dir(package, METHODS, OPTIONS, KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def catalogue(package: Path) -> Catalog:
    file = package / "translations" / "es" / "LC_MESSAGES" / "messages.po"
    with file.open("rb") as handle:
        return read_po(handle, locale="es")


def singular(message_id: str | tuple[str, ...] | list[str]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


@pytest.mark.parametrize("service", PACKAGES)
def test_every_text_is_translated(service: str) -> None:
    package = PACKAGES[service]
    translated = {
        singular(message.id)
        for message in catalogue(package)
        if message.id and not message.fuzzy and all([message.string] if message.string else [""])
    }

    assert texts(package), "nothing was extracted"
    assert texts(package) - translated == set()


@pytest.mark.parametrize("service", PACKAGES)
def test_no_translation_is_left_over(service: str) -> None:
    package = PACKAGES[service]
    known = {singular(message.id) for message in catalogue(package) if message.id}

    assert known - texts(package) == set()


@pytest.mark.parametrize("service", PACKAGES)
def test_every_translation_has_the_placeholders_of_its_text(service: str) -> None:
    faults = {
        singular(message.id): [str(error) for error in errors]
        for message, errors in catalogue(PACKAGES[service]).check()
    }

    assert faults == {}
