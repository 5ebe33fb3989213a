"""The language of a page: `ui_locales` of the URL, else the cookie, else `Accept-Language`, else English."""

from collections.abc import Iterable
from datetime import timedelta

from babel import Locale
from flask import Flask, Response, g, request
from flask_babel import Babel, get_locale

from portal.config import Settings
from portal.web.city import CityCache
from portal.web.current_resident import CookieNames

# The languages of the portal, each with its own name.
LANGUAGES = {"en": "English", "es": "Español"}
# For money, dates and times.
LOCALES = {"en": Locale("en", "US"), "es": Locale("es", "US")}
PARAMETER = "ui_locales"
REMEMBERED_FOR = timedelta(days=365)


def install(app: Flask, settings: Settings, city: CityCache) -> None:
    """Choose language and time zone for each request; keep a choice from the URL in a cookie."""
    cookie = CookieNames.of(settings).language

    def select() -> Locale:
        if "language" not in g:
            g.language = (
                first_supported(request.args.get(PARAMETER, "").split())
                or first_supported([request.cookies.get(cookie, "")])
                or request.accept_languages.best_match(list(LANGUAGES))
                or "en"
            )
        return LOCALES[g.language]

    Babel(
        app,
        locale_selector=select,
        timezone_selector=lambda: city.current().time_zone or settings.time_zone,
        default_translation_directories="translations",
    )

    @app.after_request
    def _remember(response: Response) -> Response:
        if language := first_supported(request.args.get(PARAMETER, "").split()):
            response.set_cookie(
                cookie,
                language,
                max_age=REMEMBERED_FOR,
                path=settings.path or "/",
                secure=settings.served_over_https,
                httponly=True,
                samesite="Lax",
            )
        return response


def first_supported(tags: Iterable[str]) -> str:
    """Return the language, `en` or `es`, of the first tag (BCP 47) that the portal has; empty if none."""
    for tag in tags:
        language = tag.replace("_", "-").split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return ""


def current_language() -> str:
    """Return the language of this page, `en` or `es`."""
    if "language" not in g:
        get_locale()
    return str(g.language)
