"""What a resident sees when something goes wrong: always plain words and a way on."""

import structlog
from flask import Flask, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from portal.errors import Reason, Refused
from portal.web.current_resident import CurrentResident, SignInNeededError
from portal.web.pages import Pages

log = structlog.get_logger(__name__)


def install(app: Flask, pages: Pages, current: CurrentResident) -> None:
    """Answer every failure with a page."""
    app.register_error_handler(SignInNeededError, _sign_in_needed)

    @app.errorhandler(Refused)
    def _refused(refused: Refused) -> Response:
        log.warning("refused", path=request.path, reason=refused.reason, detail=refused.detail)
        if refused.reason is not Reason.GRANT_ENDED:
            return pages.render("unavailable.html", 503)
        current.end()
        flash(_("You were signed out, perhaps on another page or device. Please sign in again."))
        response = redirect(url_for("home.front"), 303)
        current.clear_cookie(response)
        return response

    @app.errorhandler(CSRFError)
    def _form_too_old(_error: CSRFError) -> Response:
        if current.load() is None:
            return redirect(url_for("home.front"), 303)
        return pages.render("page_too_old.html", 400)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        code = error.code or 500
        page = pages.render("not_found.html" if code in (404, 405) else "failed.html", code)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                page.headers[name] = value
        return page

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        log.error("unexpected", path=request.path, error=type(error).__name__, exc_info=error)
        return pages.render("failed.html", 500)


def _sign_in_needed(_error: SignInNeededError) -> Response:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("sign_in.start", return_to=wanted), 303)
