"""Rendering of pages, with what every page shows: the city, sign-in or sign-out, the other languages."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request

from portal.clock import Clock
from portal.errors import UnavailableError
from portal.web.city import City, CityCache
from portal.web.current_resident import CurrentResident
from portal.web.language import LANGUAGES, PARAMETER, current_language
from portal.web.paths import own_address
from portal.web.templates import Templates


@dataclass(frozen=True)
class LanguageLink:
    """This page in another language: its code, its own name, the URL."""

    code: str
    name: str
    url: str


class Pages:
    """Renders templates."""

    def __init__(self, templates: Templates, city: CityCache, current: CurrentResident, clock: Clock) -> None:
        self._templates, self._city, self._current, self._clock = templates, city, current, clock

    def render(self, template: str, status: int = 200, **context: object) -> Response:
        """Return a page; `context` is the template's own."""
        live, city = self._current.find_session(), self._city.current()
        body = render_template(
            self._templates.of_request(template),
            city=city,
            signed_in=live is not None,
            idle_seconds=self._seconds_until(self._current.idle_ends_at(live)) if live else 0,
            language=current_language(),
            language_links=self._language_links(city),
            **context,
        )
        return make_response(body, status)

    def render_error(self, template: str, status: int) -> Response:
        """Return the page of an error; if the session cannot be read, as visitors see it."""
        try:
            return self.render(template, status)
        except UnavailableError:
            self._current.forget_session()
            return self.render(template, status)

    def _seconds_until(self, moment: datetime) -> int:
        return int((moment - self._clock.now()).total_seconds())

    def _language_links(self, city: City) -> list[LanguageLink]:
        wanted = [code for code in LANGUAGES if code in city.languages] or list(LANGUAGES)
        path = "/" if request.path.startswith("/sign-") else request.path
        # The found account of a search is in the URL alone.
        found = {name: value for name, value in request.args.items() if name == "found"}
        return [
            LanguageLink(code, LANGUAGES[code], f"{own_address(path)}?{urlencode(found | {PARAMETER: code})}")
            for code in wanted
            if code != current_language()
        ]
