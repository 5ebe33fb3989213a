"""The page for each error: what happened in plain words, and where to go next."""

import structlog
from flask import Flask, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from portal.errors import GrantEndedError, IdentityError, UnavailableError, UnstorableTextError, where
from portal.randomness import support_code
from portal.web.current_resident import CurrentResident, SignInNeededError
from portal.web.pages import Pages

log = structlog.get_logger(__name__)


def install(app: Flask, pages: Pages, current: CurrentResident) -> None:
    """Register a handler for every error."""
    app.register_error_handler(SignInNeededError, _sign_in_needed)
    app.register_error_handler(UnstorableTextError, lambda _: pages.render_error("failed.html", 400))

    @app.errorhandler(UnavailableError)
    def _database_away(error: UnavailableError) -> Response:
        logged = log.bind(path=request.path, support_code=support_code(), where=where(error))
        logged.error("database_unavailable", why=str(error))
        response = pages.render_error("failed.html", 503)
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(IdentityError)
    def _identity_failed(error: IdentityError) -> Response:
        log.warning("refused", path=request.path, reason=error.code, detail=error.detail)
        return pages.render_error("unavailable.html", 503)

    @app.errorhandler(GrantEndedError)
    def _grant_ended(error: GrantEndedError) -> Response:
        log.warning("refused", path=request.path, reason=error.code, detail=error.detail)
        current.end_session()
        flash(_("You were signed out, perhaps on another page or device. Please sign in again."))
        response = redirect(url_for("home.front"), 303)
        current.clear_session_cookie(response)
        return response

    @app.errorhandler(CSRFError)
    def _form_too_old(_error: CSRFError) -> Response:
        if current.find_session() is None:
            return redirect(url_for("home.front"), 303)
        return pages.render("page_too_old.html", 400)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        code = error.code or 500
        response = pages.render_error("not_found.html" if code in (404, 405) else "failed.html", code)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        # Its words may quote what the resident typed, or a token (docs/decisions/0014).
        log.error("unexpected", path=request.path, support_code=support_code(), where=where(error))
        return pages.render_error("failed.html", 500)


def _sign_in_needed(_error: SignInNeededError) -> Response:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("sign_in.start", return_to=wanted), 303)
