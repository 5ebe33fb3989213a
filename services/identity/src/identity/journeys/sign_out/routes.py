"""The sign-out page."""

from flask import Blueprint, Response

from identity.journeys.sign_out.sign_out import SignOut
from identity.web import typed_email
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.visitor import current_visitor


class SignOutPages:
    """The page with the button, and the page afterwards."""

    def __init__(self, pages: Pages, csrf: Csrf, current_session: CurrentSession, sign_out: SignOut) -> None:
        self._pages = pages
        self._csrf = csrf
        self._current_session = current_session
        self._sign_out = sign_out

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("sign_out", __name__)
        blueprint.get("/sign-out")(self.show)
        blueprint.post("/sign-out", endpoint="submit")(self.submit)
        self._csrf.when_expired("sign_out.submit", self.show)
        return blueprint

    def show(self) -> Response:
        """Show the button, or that no resident is signed in."""
        template = "sign_out/ask.html" if self._current_session.load() else "sign_out/done.html"
        return self._pages.render(template, self._pages.continuation())

    def submit(self) -> Response:
        """Sign out."""
        current = self._current_session.load()
        if current:
            self._sign_out.sign_out(current, current_visitor())
        self._csrf.renew()
        typed_email.forget()
        response = self._pages.see_other("/sign-out", self._pages.continuation())
        self._current_session.clear_cookie(response)
        return response
