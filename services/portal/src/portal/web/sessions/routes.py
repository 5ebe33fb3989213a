"""`POST /session/keep`: the button "Stay signed in" (WCAG 2.2.1)."""

from flask import Blueprint, Response

from portal.web.current_resident import CurrentResident


class SessionRoutes:
    """Keeps a session from ending for want of use."""

    def __init__(self, current: CurrentResident) -> None:
        self._current = current

    def blueprint(self) -> Blueprint:
        """Return the route."""
        routes = Blueprint("sessions", __name__)
        routes.add_url_rule("/session/keep", "keep", self.keep, methods=["POST"])
        return routes

    def keep(self) -> Response:
        """Record that the session is in use; answer 204, or 401 if it is over."""
        return Response(status=204 if self._current.find_session() else 401)
