"""The language of a page: the resident's choice, else the browser's, else the city's first."""

from collections.abc import Callable

from babel import Locale
from flask import Flask, Response, request
from werkzeug import Request

from identity.web.cookies import Cookies

# Tags (BCP 47) of the complete translations, each with the language's name in itself.
LANGUAGES = {"en": "English", "es": "Español"}
# Read once: to read such a tag takes longer than to choose it.
LOCALES = {tag: Locale.parse(tag) for tag in LANGUAGES}
PARAMETER = "lang"
_COOKIE = "language"
_LIFETIME = 365 * 24 * 60 * 60


class Language:
    """Chooses the language of a request, and keeps the choice of the language switch (`?lang=…`)."""

    def __init__(self, cookies: Cookies) -> None:
        self._cookies = cookies

    def init_app(self, app: Flask) -> None:
        """Attach to the application: a choice is kept in a cookie for a year."""
        app.after_request(self._keep)

    def choose(self, otherwise: Callable[[], str]) -> str:
        """Return the tag of the page's language; `otherwise` gives it if the browser names none of ours."""
        if named := self.named_by(request):
            return named
        default = otherwise()
        return default if default in LANGUAGES else "en"

    def named_by(self, request: Request) -> str | None:
        """Return the tag that a request names: its choice, else the first of its browser's that is ours."""
        for tag in (request.args.get(PARAMETER), request.cookies.get(self._cookies.full_name(_COOKIE))):
            if tag in LANGUAGES:
                return tag
        return request.accept_languages.best_match(list(LANGUAGES))

    def _keep(self, response: Response) -> Response:
        tag = request.args.get(PARAMETER)
        if tag in LANGUAGES and tag != self._cookies.get(_COOKIE):
            self._cookies.set(response, _COOKIE, tag, _LIFETIME)
        return response
