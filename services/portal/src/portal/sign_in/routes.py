"""The addresses of sign-in and sign-out."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.sign_in.begin import BeginSignIn, Wish
from portal.sign_in.complete import Answer, Completed, CompleteSignIn, Outcome
from portal.sign_in.sign_out import SignOut
from portal.web.current_resident import CurrentResident
from portal.web.language import PARAMETER, chosen, current_language
from portal.web.pages import Pages
from portal.web.paths import own_path

LONGEST_HINT = 320


class SignInPages:
    """Comes in by `/sign-in`, goes out by `/sign-out`."""

    def __init__(
        self,
        begin: BeginSignIn,
        complete: CompleteSignIn,
        sign_out: SignOut,
        current: CurrentResident,
        pages: Pages,
    ) -> None:
        self._begin, self._complete, self._sign_out = begin, complete, sign_out
        self._current, self._pages = current, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("sign_in", __name__)
        routes.add_url_rule("/sign-in", "start", self.start)
        routes.add_url_rule("/sign-in/callback", "callback", self.callback)
        routes.add_url_rule("/sign-out", "sign_out", self.sign_out, methods=["POST"])
        return routes

    def start(self) -> Response:
        """Send the browser to identity; also the way in for identity itself (OpenID Connect Core §4)."""
        return_to = own_path(request.args.get("return_to"))
        if self._current.load():
            return redirect(return_to, 303)
        hint = request.args.get("login_hint", "")
        return self._leave(return_to, hint if len(hint) <= LONGEST_HINT else "", 0)

    def callback(self) -> Response:
        """Take identity's answer."""
        answer = Answer(
            browser=self._current.browser(),
            state=request.args.get("state", ""),
            code=request.args.get("code", ""),
            error=request.args.get("error", ""),
            iss=request.args.get("iss"),
        )
        completed = self._complete.arrive(answer)
        if completed.outcome is Outcome.SIGNED_IN:
            response = redirect(completed.return_to, 303)
            self._current.set_cookie(response, completed.secret)
            return response
        if completed.outcome in (Outcome.START_OVER, Outcome.STOPPED) and self._current.load():
            return redirect(completed.return_to, 303)  # the back button, or a second click: signed in already
        if completed.outcome is Outcome.START_OVER:
            return self._leave(completed.return_to, "", completed.restarts)
        return self._explain(completed)

    def sign_out(self) -> Response:
        """End the session here, then at identity."""
        live, sealed = self._current.load(), self._current.end()
        way = self._sign_out.way_out(live.id, sealed, current_language()) if live and sealed else ""
        if live and not way:
            flash(_("You are signed out here. To be safe on a shared computer, close the browser as well."))
        response = redirect(way or url_for("home.front"), 303)
        self._current.clear_cookie(response)
        return response

    def _leave(self, return_to: str, login_hint: str, restarts: int) -> Response:
        language = chosen(request.args.get(PARAMETER, "").split()) or current_language()
        wish = Wish(self._current.browser(), return_to, language, login_hint, restarts)
        try:
            leaving = self._begin.leave(wish)
        except Refused:
            return self._explain(Completed(Outcome.UNAVAILABLE, return_to))
        response = redirect(leaving.url, 303)
        self._current.set_browser(response, leaving.browser)
        return response

    def _explain(self, completed: Completed) -> Response:
        status = {Outcome.UNAVAILABLE: 503, Outcome.DECLINED: 403}.get(completed.outcome, 400)
        return self._pages.render(
            "sign_in/not_signed_in.html",
            status,
            outcome=completed.outcome.name,
            again=url_for("sign_in.start", return_to=completed.return_to),
        )
