"""The page of a refusal or a fault: the city's looks, plain words, the way back."""

from collections.abc import Callable
from types import TracebackType

import structlog
from flask import Flask, Response, make_response, request
from flask_babel import force_locale, gettext
from werkzeug.exceptions import HTTPException

from identity.errors import Refused, UnavailableError, UnstorableTextError, where
from identity.randomness import support_code
from identity.web.language import Language
from identity.web.pages import Pages

_log = structlog.get_logger(__name__)
_KEPT_HEADERS = ("Allow", "Retry-After")
_SERVER_ERROR, _UNAVAILABLE = 500, 503
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class ErrorPages:
    """Turns refusals and faults into pages."""

    def __init__(self, pages: Pages, language: Language, faulted: Callable[[BaseException], None]) -> None:
        """`faulted` is called with each fault of ours, to count it."""
        self._pages, self._language, self._faulted = pages, language, faulted

    def init_app(self, app: Flask) -> None:
        """Attach to the application."""
        app.register_error_handler(HTTPException, self._http)
        app.register_error_handler(Refused, lambda refused: self._pages.refused(refused.reason))
        app.register_error_handler(UnavailableError, self._unavailable)
        app.register_error_handler(UnstorableTextError, lambda _: self._page(400))
        app.log_exception = self._unforeseen  # type: ignore[method-assign] # Flask's hook; its own writes the error's words

    def _http(self, error: HTTPException) -> Response:
        status = error.code or _SERVER_ERROR
        if error.response is not None:
            return make_response(error.response)
        response = self._page(status)
        for name in _KEPT_HEADERS:
            for header, value in error.get_headers():
                if header.casefold() == name.casefold():
                    response.headers[name] = value
        return response

    def _unavailable(self, error: UnavailableError) -> Response:
        _log_failure((type(error), error, error.__traceback__))
        self._faulted(error)
        response = self._page(_UNAVAILABLE)
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    def _unforeseen(self, exc_info: _ExcInfo) -> None:
        _log_failure(exc_info)
        if exc_info[1]:
            self._faulted(exc_info[1])

    def _page(self, status: int) -> Response:
        try:
            return self._pages.error(status, *_words(status))
        except Exception as error:  # noqa: BLE001 - the resident gets a page, whatever fails
            _log.error("error_page_without_city", where=where(error))
            language = self._language.choose(lambda: "en")
            with force_locale(language):
                return self._pages.bare_error(status, language, *_words(status))


def _log_failure(exc_info: _ExcInfo) -> None:
    """Log where an unforeseen error came from: its words may quote what the resident typed."""
    error = exc_info[1]
    _log.error(
        "request_failed",
        endpoint=request.endpoint,
        support_code=support_code(),
        where=where(error) if error else [],
        # The words of any other error may quote the resident.
        **({"why": str(error)} if isinstance(error, UnavailableError) else {}),
    )


def _words(status: int) -> tuple[str, str]:
    if status == 404:  # noqa: PLR2004 - HTTP's own number
        return (
            gettext("Page not found"),
            gettext("There is no page at this address. Check it for typing mistakes."),
        )
    if status == 405:  # noqa: PLR2004 - HTTP's own number
        return (
            gettext("This page cannot be opened this way"),
            gettext("Go back to the page before and try again from there."),
        )
    if status == 413:  # noqa: PLR2004 - HTTP's own number
        return (
            gettext("That is too much text"),
            gettext("Go back and use shorter entries."),
        )
    if status == _UNAVAILABLE:
        return (
            gettext("Temporarily unavailable"),
            gettext("We cannot do this right now. Please try again in a few minutes."),
        )
    if status < _SERVER_ERROR:
        return (
            gettext("We could not read that request"),
            gettext("Go back to the page before and try again from there."),
        )
    return (
        gettext("Something went wrong on our side"),
        gettext("It is not your fault, and nothing was changed. Please try again in a few minutes."),
    )
