"""`/.well-known/change-password`, which password managers open.

W3C, "A Well-Known URL for Changing Passwords".
"""

from werkzeug.wrappers import Request, Response

from identity.config import Settings
from identity.web.api import READ, Route
from identity.web.responses import NO_STORE

CHANGE_PASSWORD = "/.well-known/change-password"  # noqa: S105 - a path
_PAGE = "/forgot-password"


class ChangePassword:
    """Redirects to the page where a change of password begins, with or without a session: by email."""

    def __init__(self, settings: Settings) -> None:
        self._location = f"{settings.issuer}{_PAGE}"

    def routes(self) -> list[Route]:
        """Return the endpoint."""
        return [Route(CHANGE_PASSWORD, READ, self.respond)]

    def respond(self, _request: Request) -> Response:
        """Redirect (§2: 302, 303 or 307)."""
        response = Response(status=303, headers=[("Location", self._location), *NO_STORE])
        del response.headers["Content-Type"]
        return response
