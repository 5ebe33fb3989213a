"""Where providers post security event tokens and deletion requests, and the page that confirms a deletion."""

from collections.abc import Mapping

from flask import Blueprint, Response, jsonify, make_response, request

from identity.config import Settings
from identity.continuation import Continuation
from identity.errors import Reason, Refused
from identity.identity_providers.provider import Provider, Refusal
from identity.journeys.federation.provider_events import (
    DeletionRequestSender,
    EventRefused,
    HandleProviderEvent,
    SecurityEventSender,
)
from identity.json_text import JsonRefusedError, read_json_object
from identity.web.pages import Pages
from identity.web.sign_in_methods import SignInMethods

_LONGEST = 16 * 1024
_SET = "application/secevent+jwt"


class ProviderEventEndpoints:
    """The endpoints for providers. Each message is signed, so they need neither cookie nor CSRF token."""

    def __init__(
        self, providers: Mapping[str, Provider], settings: Settings, handle_event: HandleProviderEvent
    ) -> None:
        self._providers = providers
        self._issuer = settings.issuer
        self._handle_event = handle_event

    def blueprint(self) -> Blueprint:
        """Return the endpoints; to be exempt from the protection of forms."""
        blueprint = Blueprint("provider_events", __name__, url_prefix="/providers/<provider_key>")
        # The same endpoint under the names that Google and Apple use.
        blueprint.post("/security-events", endpoint="security_events")(self.security_event)
        blueprint.post("/notifications", endpoint="notifications")(self.security_event)
        blueprint.post("/data-deletion", endpoint="deletion")(self.deletion)
        return blueprint

    def security_event(self, provider_key: str) -> Response:
        """Take a security event token: 202 once it is handled, now or before (RFC 8935 §2.2)."""
        sender = self._providers.get(provider_key)
        if not isinstance(sender, SecurityEventSender):
            return _unknown_provider()
        outcome = self._handle_event.handle_security_event(provider_key, sender, _message("payload"))
        return _refuse(outcome) if isinstance(outcome, EventRefused) else make_response("", 202)

    def deletion(self, provider_key: str) -> Response:
        """Take a deletion request; answer with the URL of its confirmation and the code to quote."""
        sender = self._providers.get(provider_key)
        if not isinstance(sender, DeletionRequestSender):
            return _unknown_provider()
        outcome = self._handle_event.handle_deletion_request(provider_key, sender, _message("signed_request"))
        if isinstance(outcome, EventRefused):
            return _refuse(outcome)
        url = f"{self._issuer}/providers/{provider_key}/data-deletion/{outcome.code}"
        return jsonify(url=url, confirmation_code=outcome.code)


class DataDeletionPages:
    """The confirmation of a deletion."""

    def __init__(self, methods: SignInMethods, pages: Pages, handle_event: HandleProviderEvent) -> None:
        self._methods = methods
        self._pages = pages
        self._handle_event = handle_event

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("federation_deletion", __name__)
        blueprint.get("/providers/<provider_key>/data-deletion/<code>")(self.show)
        return blueprint

    def show(self, provider_key: str, code: str) -> Response:
        """Say that it is done."""
        if not self._handle_event.is_deleted(provider_key, code):
            raise Refused(Reason.NOT_FOUND)
        return self._pages.render(
            "federation/data_deletion.html",
            Continuation(),
            name=self._methods.name(provider_key),
            code=code,
        )


def _message(field: str) -> str:
    """Return the signed message: the whole body (RFC 8935), or a field of a form or of a JSON object."""
    if request.mimetype == _SET:
        return request.get_data(as_text=True)[:_LONGEST]
    try:
        body: Mapping[str, object] = read_json_object(request.get_data()) if request.is_json else request.form
    except JsonRefusedError:
        return ""
    value = body.get(field)
    return value if isinstance(value, str) else ""


def _unknown_provider() -> Response:
    return make_response(jsonify(error="not_found"), 404)


def _refuse(refused: EventRefused) -> Response:
    """Answer 503 if only the provider's keys are out of reach, so that it sends the message again."""
    if refused.refusal is Refusal.UNAVAILABLE:
        return make_response("", 503)
    # RFC 8935 §2.3. The cause is logged.
    return make_response(jsonify(err="invalid_request", description="This is no message we can verify."), 400)
