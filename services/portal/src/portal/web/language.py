"""Which language a page is in: the address's `ui_locales`, else the last choice, else the browser's wish."""

from collections.abc import Iterable
from datetime import timedelta

from flask import Flask, Response, g, request
from flask_babel import Babel, get_locale

from portal.config import Settings
from portal.web.city import CityLooks
from portal.web.current_resident import CookieNames

# The languages the portal is written in, with what each calls itself.
LANGUAGES = {"en": "English", "es": "Español"}
# As residents of these cities write money and times.
LOCALES = {"en": "en_US", "es": "es_US"}
PARAMETER = "ui_locales"
REMEMBERED_FOR = timedelta(days=365)


def install(app: Flask, settings: Settings, looks: CityLooks) -> None:
    """Make every page choose its language and the city's time zone."""
    cookie = CookieNames.of(settings).language

    def select() -> str:
        if "language" not in g:
            g.language = (
                chosen(request.args.get(PARAMETER, "").split())
                or chosen([request.cookies.get(cookie, "")])
                or request.accept_languages.best_match(list(LANGUAGES))
                or "en"
            )
        return LOCALES[g.language]

    Babel(
        app,
        locale_selector=select,
        timezone_selector=lambda: looks.city().time_zone or settings.time_zone,
        default_translation_directories="translations",
    )

    @app.after_request
    def _remember(response: Response) -> Response:
        if language := chosen(request.args.get(PARAMETER, "").split()):
            response.set_cookie(
                cookie,
                language,
                max_age=REMEMBERED_FOR,
                path="/",
                secure=settings.served_over_https,
                httponly=True,
                samesite="Lax",
            )
        return response


def chosen(wishes: Iterable[str]) -> str:
    """Return the first wish (BCP 47) that the portal speaks, as `en` or `es`; empty if none."""
    for wish in wishes:
        language = wish.replace("_", "-").split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return ""


def current_language() -> str:
    """Return the language of this page, such as `es`."""
    return str(get_locale().language)
