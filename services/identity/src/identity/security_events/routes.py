"""`POST /events/poll`, for receivers: JSON in, JSON out (RFC 8936 §2)."""

from werkzeug.exceptions import HTTPException, UnsupportedMediaType
from werkzeug.wrappers import Request, Response

from identity.json_text import JsonRefusedError, read_json
from identity.security_events.poll import InvalidPollError, Poll, read
from identity.security_events.receivers import ReceiverAuthentication
from identity.web.api import WRITE, Route
from identity.web.basic_credentials import read_basic
from identity.web.responses import BASIC_CHALLENGE, json_response

_NOT_JSON = "send a JSON object as application/json"


class PollRoutes:
    """The endpoint."""

    def __init__(self, receivers: ReceiverAuthentication, poll: Poll) -> None:
        self._receivers, self._poll = receivers, poll

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/events/poll", WRITE, self.poll)]

    def poll(self, request: Request) -> Response:
        """Return 200 with the events; 400, 401, 413 or 415 with the fault."""
        credentials = read_basic(request.headers.get("Authorization"))
        receiver = self._receivers.authenticate(*credentials) if credentials else None
        if receiver is None:
            # RFC 8935 §2.4 names the codes; RFC 8936 §2.4 uses them too.
            description = "send the receiver's id and secret (HTTP Basic)"
            return _error(401, "authentication_failed", description, BASIC_CHALLENGE)
        try:
            asked = read(read_json(_body(request)))
        except InvalidPollError as fault:
            return _error(400, "invalid_request", str(fault))
        except HTTPException as fault:
            return _error(fault.code or 400, "invalid_request", _NOT_JSON)
        except JsonRefusedError:
            return _error(400, "invalid_request", _NOT_JSON)
        return json_response(200, self._poll.answer(receiver, asked))


def _body(request: Request) -> bytes:
    if not request.is_json:
        raise UnsupportedMediaType
    return request.get_data()


def _error(status: int, code: str, description: str, *headers: tuple[str, str]) -> Response:
    return json_response(status, {"err": code, "description": description}, *headers)
