"""`GET /health/live` and `GET /health/ready`, for the operator's monitoring."""

from flask import Blueprint, Response, jsonify, make_response

from portal.database_probe import DatabaseProbe


class HealthRoutes:
    """The two health checks. Identity and billing_link do not count: pages say when either is away."""

    def __init__(self, database: DatabaseProbe) -> None:
        self._database = database

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("health", __name__)
        routes.add_url_rule("/health/live", "live", self.live)
        routes.add_url_rule("/health/ready", "ready", self.ready)
        return routes

    def live(self) -> Response:
        """Answer 200: the process answers."""
        return jsonify(status="ok")

    def ready(self) -> Response:
        """Answer 200 if the database can be used, else 503; within a second, whatever it does."""
        reachable = self._database.succeeds()
        return make_response(jsonify(status="ok" if reachable else "unavailable"), 200 if reachable else 503)
