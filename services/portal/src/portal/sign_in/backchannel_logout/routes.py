"""`POST /backchannel-logout`, which identity's server calls."""

from flask import Blueprint, Response, jsonify, request

from portal.errors import UnavailableError
from portal.sign_in.backchannel_logout.end_sessions import EndSessions, LogoutOutcome


class BackchannelLogoutRoutes:
    """The endpoint (Back-Channel Logout §2.5). Exempt from CSRF protection: it reads no cookie."""

    def __init__(self, end_sessions: EndSessions) -> None:
        self._end_sessions = end_sessions

    def blueprint(self) -> Blueprint:
        """Return the route."""
        routes = Blueprint("backchannel_logout", __name__)
        routes.add_url_rule("/backchannel-logout", "log_out", self.log_out, methods=["POST"])
        return routes

    def log_out(self) -> Response:
        """Answer 200 if the sessions have ended, 400 to an unacceptable token, 503 to be called again."""
        sent = request.form.getlist("logout_token")
        if len(sent) != 1:
            return _response(400, "send one logout_token, as a form")
        match self._end_sessions.end_sessions(sent[0]):
            case LogoutOutcome.ENDED:
                return _response(200)
            case LogoutOutcome.NOT_ACCEPTED:
                return _response(400, "the logout_token was not accepted")
            case LogoutOutcome.UNAVAILABLE:
                response = _response(503, "not now: send it again")
                response.headers["Retry-After"] = str(UnavailableError.retry_after)
                return response


def _response(status: int, problem: str = "") -> Response:
    """Build the response of §2.8, which no cache may store."""
    response = jsonify({"error": "invalid_request", "error_description": problem} if problem else {})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
