"""`GET /` and `GET /home`."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from portal.home.page import HomePage
from portal.web.current_resident import CurrentResident
from portal.web.pages import Pages
from portal.web.paths import SIGNED_OUT


class HomeRoutes:
    """The front page, public, and the home page, for a resident."""

    def __init__(self, home: HomePage, current: CurrentResident, pages: Pages) -> None:
        self._home, self._current, self._pages = home, current, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("home", __name__)
        routes.add_url_rule("/", "front", self.front)
        routes.add_url_rule("/home", "home", self.home)
        return routes

    def front(self) -> Response:
        """Show the page that the city's "Pay Utility Bill" button opens."""
        signed_out = request.args.get("state") == SIGNED_OUT and self._current.find_session() is None
        return self._pages.render("home/front.html", signed_out=signed_out)

    def home(self) -> Response:
        """Show "Welcome to Citizen Self Service"."""
        return self._pages.render("home/page.html", page=self._home.load(self._current.require_session()))
