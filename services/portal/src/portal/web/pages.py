"""The shell around every page: the city's looks, who is signed in, the language links."""

from datetime import datetime
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request

from portal.clock import Clock
from portal.web.city import CityLooks
from portal.web.current_resident import CurrentResident
from portal.web.language import LANGUAGES, PARAMETER, current_language


class Pages:
    """Renders templates with what the shell needs."""

    def __init__(self, looks: CityLooks, current: CurrentResident, clock: Clock) -> None:
        self._looks, self._current, self._clock = looks, current, clock

    def render(self, template: str, status: int = 200, **context: object) -> Response:
        """Return the page."""
        live = self._current.load()
        body = render_template(
            template,
            city=self._looks.city(),
            signed_in=live is not None,
            idle_seconds=self._seconds_until(self._current.idle_ends_at(live)) if live else 0,
            language=current_language(),
            language_links=self._language_links(),
            **context,
        )
        return make_response(body, status)

    def _seconds_until(self, moment: datetime) -> int:
        return int((moment - self._clock.now()).total_seconds())

    def _language_links(self) -> list[tuple[str, str, str]]:
        """Return code, own name and address of this page in every other language the city wants."""
        wanted = [code for code in LANGUAGES if code in self._looks.city().languages] or list(LANGUAGES)
        path = "/" if request.path.startswith("/sign-") else request.path
        kept = {name: value for name, value in request.args.items() if name == "found"}
        return [
            (code, LANGUAGES[code], f"{path}?{urlencode(kept | {PARAMETER: code})}")
            for code in wanted
            if code != current_language()
        ]
