"""The front page and the welcome page."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from portal.home.page import WelcomePage
from portal.web.current_resident import CurrentResident
from portal.web.pages import Pages


class HomePages:
    """`/` is for everybody, `/home` for the resident."""

    def __init__(self, welcome: WelcomePage, current: CurrentResident, pages: Pages) -> None:
        self._welcome, self._current, self._pages = welcome, current, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("home", __name__)
        routes.add_url_rule("/", "front", self.front)
        routes.add_url_rule("/home", "welcome", self.welcome)
        return routes

    def front(self) -> Response:
        """Show the page the city's "Pay Utility Bill" button opens (guide, step 3)."""
        signed_out = request.args.get("state") == "signed-out" and self._current.load() is None
        return self._pages.render("home/front.html", signed_out=signed_out)

    def welcome(self) -> Response:
        """Show "Welcome to Citizen Self Service" (guide, step 9)."""
        live = self._current.require()
        return self._pages.render("home/page.html", page=self._welcome.show(live))
