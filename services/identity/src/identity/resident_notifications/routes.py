"""`POST /notices`, for services: JSON in, JSON out, never a page."""

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from identity.clock import Clock
from identity.mail.queue import MailQueue
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredResource
from identity.resident_notifications.notify import InvalidNoticeError, NotifyResident, Outcome, read
from identity.secret_keys import digest
from identity.storage import Storage
from identity.web.basic_credentials import read_basic

LARGEST_BODY = 8 * 1024
# Compared with when the sender is unknown, so that it takes as long.
_NOBODY = RegisteredResource(id="", name="", secret_digest=digest(""), scopes=frozenset())


class ResidentNotificationRoutes:
    """The endpoint. Exempt it from CSRF protection: it takes no cookie."""

    def __init__(
        self, storage: Storage, clock: Clock, relying_parties: RelyingPartyCache, mail_queue: MailQueue
    ) -> None:
        self._relying_parties = relying_parties
        self._notify = NotifyResident(storage, clock, relying_parties, mail_queue)

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        blueprint = Blueprint("notices", __name__)
        blueprint.add_url_rule("/notices", view_func=self.accept, methods=["POST"], endpoint="accept")
        return blueprint

    def accept(self) -> Response:
        """Accept one notice: 202, also when it comes again; 400, 401, 404 or 413 with what is wrong."""
        sender = self._sender()
        if sender is None:
            refusal = _answer(401, error="invalid_client")
            refusal.headers["WWW-Authenticate"] = 'Basic realm="notices", charset="UTF-8"'
            return refusal
        request.max_content_length = LARGEST_BODY
        try:
            outcome = self._notify.notify(sender, read(request.get_json(force=True)))
        except InvalidNoticeError as fault:
            return _answer(400, error="invalid_notice", field=fault.field)
        except HTTPException as fault:
            return _answer(fault.code or 400, error="invalid_request")
        except RecursionError:
            # JSON nested deeper than Python's parser goes.
            return _answer(400, error="invalid_request")
        if outcome is Outcome.UNKNOWN_RESIDENT:
            return _answer(404, error=outcome.value)
        return _answer(202, status=outcome.value)

    def _sender(self) -> RegisteredResource | None:
        given = read_basic(request.headers.get("Authorization"))
        if given is None:
            return None
        known = self._relying_parties.resource(given.name)
        accepted = (known or _NOBODY).accepts_secret(given.secret)
        return known if accepted else None


def _answer(code: int, /, **members: str) -> Response:
    response = jsonify(members)
    response.status_code = code
    response.headers["Cache-Control"] = "no-store"
    return response
