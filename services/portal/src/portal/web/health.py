"""What is no page: health checks, the city's stylesheet and logo, keeping a session alive."""

from flask import Blueprint, Response, jsonify, make_response

from portal.storage import Storage
from portal.web.city import CityLooks
from portal.web.colors import stylesheet
from portal.web.current_resident import CurrentResident

ONE_MINUTE = "public, max-age=60"
# A drawing of a pixel's size, for a city whose logo cannot be had.
NO_LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


class Plumbing:
    """Small answers for machines and browsers."""

    def __init__(self, storage: Storage, looks: CityLooks, current: CurrentResident) -> None:
        self._storage, self._looks, self._current = storage, looks, current

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("plumbing", __name__)
        routes.add_url_rule("/health/live", "live", self.live)
        routes.add_url_rule("/health/ready", "ready", self.ready)
        routes.add_url_rule("/city.css", "stylesheet", self.stylesheet)
        routes.add_url_rule("/city-logo.svg", "logo", self.logo)
        routes.add_url_rule("/session/keep", "keep", self.keep, methods=["POST"])
        return routes

    def live(self) -> Response:
        """Tell that the process answers."""
        return jsonify(status="ok")

    def ready(self) -> Response:
        """Tell whether the database answers; identity and billing_link may be away and pages still say so."""
        reachable = self._storage.is_reachable()
        return make_response(jsonify(status="ok" if reachable else "unavailable"), 200 if reachable else 503)

    def stylesheet(self) -> Response:
        """Return the city's colours."""
        response = Response(stylesheet(self._looks.city()), mimetype="text/css")
        response.headers["Cache-Control"] = ONE_MINUTE
        return response

    def logo(self) -> Response:
        """Return the city's logo; its policy keeps a drawing that is opened by itself from doing anything."""
        response = Response(self._looks.city().logo or NO_LOGO, mimetype="image/svg+xml")
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        response.headers["Cache-Control"] = ONE_MINUTE
        return response

    def keep(self) -> Response:
        """Keep the session alive for somebody who still reads (WCAG 2.2.1); 204, or 401 if it is over."""
        return Response(status=204 if self._current.load() else 401)
