"""`POST /events/poll`, for receivers: JSON in, JSON out, never a page (RFC 8936 §2)."""

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from identity.secret_keys import digest
from identity.security_events.poll import InvalidPollError, Poll, read
from identity.security_events.receivers import accepts_secret
from identity.security_events.store import Receivers, StoredReceiver
from identity.storage import Storage
from identity.web.basic_credentials import read_basic

LARGEST_BODY = 64 * 1024
_LONGEST_ID = 255
# Compared with when the receiver is unknown, so that it takes as long.
_NOBODY = StoredReceiver("", None, None, digest(""), (), is_disabled=True)


class PollRoutes:
    """The endpoint. Exempt it from CSRF protection: it takes no cookie."""

    def __init__(self, storage: Storage, poll: Poll) -> None:
        self._storage, self._poll = storage, poll

    def blueprint(self) -> Blueprint:
        """Return the route."""
        blueprint = Blueprint("security_events", __name__)
        blueprint.post("/events/poll")(self.poll)
        return blueprint

    def poll(self) -> Response:
        """Answer a poll: 200 with what there is; 400, 401, 413 or 415 with what is wrong."""
        receiver = self._receiver()
        if receiver is None:
            # RFC 8935 §2.4 names the codes; RFC 8936 uses them too.
            refusal = _answer(401, "authentication_failed", "send the receiver's id and secret (HTTP Basic)")
            refusal.headers["WWW-Authenticate"] = 'Basic realm="events", charset="UTF-8"'
            return refusal
        request.max_content_length = LARGEST_BODY
        try:
            asked = read(request.get_json())
        except InvalidPollError as fault:
            return _answer(400, "invalid_request", str(fault))
        except HTTPException as fault:
            return _answer(fault.code or 400, "invalid_request", "send a JSON object as application/json")
        except RecursionError:
            # JSON nested deeper than Python's parser goes.
            return _answer(400, "invalid_request", "send a JSON object as application/json")
        return _json(200, self._poll.answer(receiver, asked))

    def _receiver(self) -> StoredReceiver | None:
        given = read_basic(request.headers.get("Authorization"))
        if given is None:
            return None
        name, secret = given
        known = None
        # What cannot be an identifier never reaches the database, which might not even be able to hold it.
        if len(name) <= _LONGEST_ID and name.isascii() and name.isprintable():
            with self._storage.autocommit() as connection:
                known = Receivers(connection).get(name)
        accepted = accepts_secret(known or _NOBODY, secret)
        return known if accepted and known and not known.is_disabled else None


def _answer(code: int, fault: str, description: str) -> Response:
    return _json(code, {"err": fault, "description": description})


def _json(code: int, content: object) -> Response:
    response = jsonify(content)
    response.status_code = code
    response.headers["Cache-Control"] = "no-store"
    return response
