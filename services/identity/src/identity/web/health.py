"""Whether this process runs, and whether it can serve."""

from werkzeug.wrappers import Request, Response

from identity.database_probe import DatabaseProbe
from identity.web.api import READ, Route
from identity.web.responses import json_response


class Health:
    """The health endpoints, for load balancers and process managers."""

    def __init__(self, database: DatabaseProbe) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        return [Route("/health/live", READ, self.live), Route("/health/ready", READ, self.ready)]

    def live(self, _request: Request) -> Response:
        """Answer 200."""
        return json_response(200, {"status": "ok"})

    def ready(self, _request: Request) -> Response:
        """Answer 200 while the database can be used, else 503; within a second, whatever it does."""
        if self._database.succeeds():
            return json_response(200, {"status": "ok"})
        return json_response(503, {"status": "unavailable"})
