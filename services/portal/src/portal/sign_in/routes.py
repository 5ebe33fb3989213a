"""`GET /sign-in`, `GET /sign-in/callback` and `POST /sign-out`."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.sign_in.begin import BeginSignIn, IdentityUnavailable, SignInRequest
from portal.sign_in.complete import (
    AuthorizationResponse,
    CompleteSignIn,
    Failure,
    NotSignedIn,
    SignedIn,
    StartOver,
)
from portal.sign_in.sign_out import SignOut, SignOutAtIdentity
from portal.web.current_resident import CurrentResident
from portal.web.language import PARAMETER, current_language, first_supported
from portal.web.pages import Pages
from portal.web.paths import own_address, own_path

# The longest e-mail address, in characters.
LONGEST_HINT = 320
STATUS = {
    Failure.STOPPED: 400,
    Failure.DECLINED: 403,
    Failure.NOT_VERIFIED: 400,
    Failure.UNAVAILABLE: 503,
}


class SignInRoutes:
    """Sign-in, its callback, and sign-out."""

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
        routes.add_url_rule("/sign-in/callback", "callback", self.callback, methods=["GET"], head=False)
        routes.add_url_rule("/sign-out", "sign_out", self.sign_out, methods=["POST"])
        return routes

    def start(self) -> Response:
        """Begin a sign-in; also the `initiate_login_uri` for identity (OpenID Connect Core §4)."""
        return_to = own_path(request.args.get("return_to"))
        if self._current.find_session():
            return redirect(own_address(return_to), 303)
        hint = request.args.get("login_hint", "")
        return self._begin_sign_in(return_to, hint if len(hint) <= LONGEST_HINT else "", 0)

    def callback(self) -> Response:
        """Answer the authorization response."""
        outcome = self._complete.complete(
            AuthorizationResponse(
                browser=self._current.browser_secret(),
                state=request.args.get("state", ""),
                code=request.args.get("code", ""),
                error=request.args.get("error", ""),
                iss=request.args.get("iss"),
            )
        )
        if isinstance(outcome, SignedIn):
            response = redirect(own_address(outcome.return_to), 303)
            self._current.begin_session(response, outcome.secret)
            return response
        stale = isinstance(outcome, StartOver) or outcome.failure is Failure.STOPPED
        if stale and self._current.find_session():  # the back button, or a second click: signed in already
            return redirect(own_address(outcome.return_to), 303)
        if isinstance(outcome, StartOver):
            return self._begin_sign_in(outcome.return_to, "", outcome.restarts)
        return self._explain(outcome)

    def sign_out(self) -> Response:
        """End the session here, then at identity."""
        live, sealed_tokens = self._current.find_session(), self._current.end_session()
        url = ""
        if live and sealed_tokens:
            outcome = self._sign_out.sign_out(live.id, sealed_tokens, current_language())
            url = outcome.url if isinstance(outcome, SignOutAtIdentity) else ""
        if live and not url:
            flash(_("You are signed out here. To be safe on a shared computer, close the browser as well."))
        response = redirect(url or url_for("home.front"), 303)
        self._current.clear_session_cookie(response)
        return response

    def _begin_sign_in(self, return_to: str, login_hint: str, restarts: int) -> Response:
        language = first_supported(request.args.get(PARAMETER, "").split()) or current_language()
        outcome = self._begin.begin(
            SignInRequest(self._current.browser_secret(), return_to, language, login_hint, restarts)
        )
        if isinstance(outcome, IdentityUnavailable):
            return self._explain(NotSignedIn(Failure.UNAVAILABLE, return_to))
        response = redirect(outcome.url, 303)
        self._current.set_browser_secret(response, outcome.browser)
        return response

    def _explain(self, outcome: NotSignedIn) -> Response:
        return self._pages.render(
            "sign_in/not_signed_in.html",
            STATUS[outcome.failure],
            failure=outcome.failure.name,
            again=url_for("sign_in.start", return_to=outcome.return_to),
        )
