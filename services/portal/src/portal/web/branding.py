"""`GET /city.css` and `GET /city-logo.svg`: the city's colours and logo, for every page."""

from flask import Blueprint, Response

from portal.web.city import CityCache
from portal.web.colors import stylesheet

ONE_MINUTE = "public, max-age=60"
# An empty drawing of one pixel, for a city whose logo cannot be fetched.
NO_LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


class BrandingRoutes:
    """The city's stylesheet and logo."""

    def __init__(self, city: CityCache) -> None:
        self._city = city

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("branding", __name__)
        routes.add_url_rule("/city.css", "stylesheet", self.stylesheet)
        routes.add_url_rule("/city-logo.svg", "logo", self.logo)
        return routes

    def stylesheet(self) -> Response:
        """Return the city's colours as CSS variables."""
        return self._cached(Response(stylesheet(self._city.current()), mimetype="text/css"))

    def logo(self) -> Response:
        """Return the city's logo (SVG)."""
        response = Response(self._city.current().logo or NO_LOGO, mimetype="image/svg+xml")
        # An SVG opened as a page of its own could run scripts.
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        return self._cached(response)

    def _cached(self, response: Response) -> Response:
        """Let browsers keep it; what serves until identity answers, only until the next page."""
        response.headers["Cache-Control"] = ONE_MINUTE if self._city.was_read else "no-cache"
        return response
