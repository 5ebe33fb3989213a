"""Renders a mail's template and facts to its subject, HTML and plain text.

Each mail is one template, `templates/mail/<name>.jinja`, made of parts (a paragraph, a button, a code). The
parts have an HTML and a text version (`html/`, `text/`), so both versions of a mail say the same. A missing
fact is an error, never a gap in a mail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, format_timedelta, get_timezone_name
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from identity.mail.messages import Mail

ROOT = Path(__file__).parents[1]
LANGUAGES = ("en", "es")
PROVIDERS = {"google": "Google", "apple": "Apple", "microsoft": "Microsoft", "facebook": "Facebook"}


class CityLooks(Protocol):
    """What a mail shows of its city."""

    @property
    def name(self) -> str:
        """Return its name, such as "City of Pinellas Park"."""

    @property
    def website(self) -> str:
        """Return its address on the web."""

    @property
    def support_phone(self) -> str:
        """Return the number of its help line."""

    @property
    def support_name(self) -> str:
        """Return the department that answers there."""

    @property
    def time_zone(self) -> str:
        """Return the IANA name of its time zone."""

    @property
    def primary_color(self) -> str:
        """Return `#rrggbb`, dark enough for white text (checked when the city was written)."""


@dataclass(frozen=True)
class Rendered:
    """A mail as the recipient reads it."""

    subject: str
    text: str
    html: str
    language: str


class Renderer:
    """Renders mails in the languages of the catalogues under `translations`."""

    def __init__(
        self, cities: Callable[[str], CityLooks | None], translations: Path = ROOT / "translations"
    ) -> None:
        self._cities = cities
        catalogues = {tag: Translations.load(str(translations), [tag]) for tag in LANGUAGES}
        self._html = {tag: _environment("html", tag, catalogue) for tag, catalogue in catalogues.items()}
        self._text = {tag: _environment("text", tag, catalogue) for tag, catalogue in catalogues.items()}

    def render(self, mail: Mail, requested_at: datetime) -> Rendered:
        """Return the mail; `requested_at`, the time of what it is about, is shown in it.

        Raises `jinja2.UndefinedError` when a fact is missing, `jinja2.TemplateNotFound` for an unknown
        template.
        """
        language = language_of(mail.language)
        city = self._cities(mail.city_id) if mail.city_id else None
        values = {
            "city": city,
            "facts": mail.facts,
            "masked_address": masked(mail.to),
            "requested_at": _moment(requested_at, language, city.time_zone if city else "UTC"),
            "language": language,
        }
        name = f"{mail.template}.jinja"
        text = self._text[language].get_template(name)
        subject = "".join(text.blocks["subject"](text.new_context(values)))
        return Rendered(
            subject=subject.strip(),
            text=text.render(values).strip() + "\n",
            html=self._html[language].get_template(name).render(values),
            language=language,
        )


def language_of(tag: str) -> str:
    """Return the catalogue for a reader of this language (BCP 47): English if there is none."""
    base = tag.replace("_", "-").split("-")[0].lower()
    return base if base in LANGUAGES else LANGUAGES[0]


def masked(address: str) -> str:
    """Return the address so that only its owner recognises it: `j•••@example.com`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _environment(kind: str, language: str, catalogue: object) -> Environment:
    environment = Environment(
        autoescape=kind == "html",  # noqa: S701 - plain text has nothing to escape
        loader=FileSystemLoader([ROOT / "templates/mail" / kind, ROOT / "templates/mail"]),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # by the extension
    environment.filters["day"] = lambda text: format_date(date.fromisoformat(text), "long", locale=language)
    environment.filters["life"] = lambda minutes: format_timedelta(
        # Hours from two on, days never: "90 minutes", "24 hours".
        timedelta(minutes=int(minutes)),
        granularity="minute",
        threshold=2,
        locale=language,
    )
    environment.globals["providers"] = PROVIDERS
    return environment


def _moment(at: datetime, language: str, time_zone: str) -> str:
    """Return day and time in the city's time zone, with the zone's name."""
    local = at.astimezone(ZoneInfo(time_zone))
    day, time = format_date(local, "long", locale=language), format_time(local, "short", locale=language)
    return f"{day}, {time} {get_timezone_name(local, 'short', locale=language)}"
