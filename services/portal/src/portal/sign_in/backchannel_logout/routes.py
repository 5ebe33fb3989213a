"""`POST /backchannel-logout`, for identity's server."""

import structlog
from flask import Blueprint, Response, jsonify, request

from portal.errors import Reason, Refused
from portal.sign_in.backchannel_logout.end_sessions import EndToldSessions

log = structlog.get_logger(__name__)


class BackchannelLogout:
    """The endpoint (Back-Channel Logout §2.5). Exempt it from CSRF protection: no cookie counts."""

    def __init__(self, end: EndToldSessions) -> None:
        self._end = end

    def blueprint(self) -> Blueprint:
        """Return the route."""
        routes = Blueprint("told", __name__)
        routes.add_url_rule(
            "/backchannel-logout", "backchannel_logout", self.backchannel_logout, methods=["POST"]
        )
        return routes

    def backchannel_logout(self) -> Response:
        """Answer 200 when it is done, 400 to what is no logout token of identity's, 503 to be asked again."""
        sent = request.form.getlist("logout_token")
        if len(sent) != 1:
            return _answer(400, "send one logout_token, as a form")
        try:
            self._end.end(sent[0])
        except Refused as refused:
            log.warning("logout_refused", reason=refused.reason, detail=refused.detail)
            if refused.reason is Reason.IDENTITY_UNAVAILABLE:
                return _answer(503, "the keys of the issuer cannot be had now")
            return _answer(400, "the logout_token was not accepted")
        return _answer(200)


def _answer(status: int, problem: str = "") -> Response:
    """Answer as §2.8 says; nobody may store it."""
    response = jsonify({"error": "invalid_request", "error_description": problem} if problem else {})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
