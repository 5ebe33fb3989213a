"""`POST /notices`, for services that are registered as resources: JSON in, JSON out."""

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from identity.json_text import JsonRefusedError, read_json
from identity.relying_parties.clients import RegisteredResource
from identity.resident_notifications.notify import InvalidNoticeError, NotifyResident, Outcome, read
from identity.web.api import WRITE, Route
from identity.web.basic_credentials import read_basic
from identity.web.resource_authentication import ResourceAuthentication
from identity.web.responses import BASIC_CHALLENGE, json_response

LARGEST_BODY = 8 * 1024


class ResidentNotificationRoutes:
    """The endpoint."""

    def __init__(self, resources: ResourceAuthentication, notify: NotifyResident) -> None:
        self._resources, self._notify = resources, notify

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/notices", WRITE, self.accept)]

    def accept(self, request: Request) -> Response:
        """Accept a notice: 202, and again if the same id comes again; 400, 401, 404 or 413 with the fault."""
        sender = self._resources.authenticate(read_basic(request.headers.get("Authorization")))
        if not isinstance(sender, RegisteredResource):
            return json_response(401, {"error": "invalid_client"}, BASIC_CHALLENGE)
        request.max_content_length = LARGEST_BODY
        try:
            outcome = self._notify.notify(sender, read(read_json(request.get_data())))
        except InvalidNoticeError as fault:
            return json_response(400, {"error": "invalid_notice", "field": fault.field})
        except HTTPException as fault:
            return json_response(fault.code or 400, {"error": "invalid_request"})
        except JsonRefusedError:
            return json_response(400, {"error": "invalid_request"})
        if outcome is Outcome.UNKNOWN_RESIDENT:
            return json_response(404, {"error": outcome.value})
        return json_response(202, {"status": outcome.value})
