"""`GET /health/visitor`: how this service sees the caller, to check the proxies in front of it."""

from werkzeug.http import parse_list_header
from werkzeug.wrappers import Request, Response

from identity.rate_limits.networks import read_address
from identity.web.api import READ, Route
from identity.web.responses import json_response


class VisitorCheck:
    """The endpoint. It tells callers only what they, or the proxies before them, sent."""

    def routes(self) -> list[Route]:
        """Return the endpoint."""
        return [Route("/health/visitor", READ, self.show)]

    def show(self, request: Request) -> Response:
        """Answer with the caller's address, null if it cannot be read; the scheme; the proxies that spoke."""
        address = read_address(request.remote_addr or "")
        return json_response(
            200,
            {
                "address": None if address is None else str(address),
                "scheme": request.scheme,
                "forwarded": len(parse_list_header(request.headers.get("X-Forwarded-For", ""))),
            },
        )
