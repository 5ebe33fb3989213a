"""Whether this process lives, and whether it can serve."""

from flask import Blueprint, Response, jsonify, make_response

from identity.storage import Storage


class Health:
    """The health endpoints, for load balancers and process managers."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def blueprint(self) -> Blueprint:
        """Return the endpoints."""
        blueprint = Blueprint("health", __name__, url_prefix="/health")
        blueprint.get("/live")(self.live)
        blueprint.get("/ready")(self.ready)
        return blueprint

    def live(self) -> Response:
        """Answer as long as the process does."""
        return jsonify(status="ok")

    def ready(self) -> Response:
        """Answer 200 while the database answers, else 503."""
        if self._storage.is_reachable():
            return jsonify(status="ok")
        return make_response(jsonify(status="unavailable"), 503)
