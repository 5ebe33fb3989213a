"""Where providers post security notices and deletion requests, and the page that tells of a deletion."""

from collections.abc import Mapping

from flask import Blueprint, Response, jsonify, make_response, request

from identity.config import Settings
from identity.continuation import Continuation
from identity.errors import Reason, Refused
from identity.identity_providers.provider import Provider, ProviderRefusal, Refusal
from identity.journeys.federation.provider_events import (
    DeletionRequestSender,
    HandleProviderEvent,
    SecurityEventSender,
)
from identity.web.pages import Pages
from identity.web.sign_in_methods import SignInMethods

_LONGEST = 16 * 1024
_SET = "application/secevent+jwt"


class ProviderEventEndpoints:
    """The endpoints for providers; each message is signed, so no cookie and no CSRF token is looked at."""

    def __init__(
        self, providers: Mapping[str, Provider], settings: Settings, receive: HandleProviderEvent
    ) -> None:
        self._providers = providers
        self._issuer = settings.issuer
        self._receive = receive

    def blueprint(self) -> Blueprint:
        """Return the endpoints; to be exempt from the protection of forms."""
        blueprint = Blueprint("federation_receivers", __name__, url_prefix="/providers/<provider_key>")
        # What Google calls one and Apple the other.
        blueprint.post("/security-events", endpoint="security_events")(self.notice)
        blueprint.post("/notifications", endpoint="notifications")(self.notice)
        blueprint.post("/data-deletion", endpoint="deletion")(self.deletion)
        return blueprint

    def notice(self, provider_key: str) -> Response:
        """Take a security notice: 202 once it is acted on, also before (RFC 8935 §2)."""
        sender = self._providers.get(provider_key)
        if not isinstance(sender, SecurityEventSender):
            raise Refused(Reason.NOT_FOUND)
        refusal = self._receive.notice(provider_key, sender, _message("payload"))
        return make_response("", 202) if refusal is None else _not_accepted(refusal)

    def deletion(self, provider_key: str) -> Response:
        """Take a deletion request; answer where its state can be seen, and the code to quote."""
        sender = self._providers.get(provider_key)
        if not isinstance(sender, DeletionRequestSender):
            raise Refused(Reason.NOT_FOUND)
        outcome = self._receive.deletion(provider_key, sender, _message("signed_request"))
        if isinstance(outcome, ProviderRefusal):
            return _not_accepted(outcome)
        url = f"{self._issuer}/providers/{provider_key}/data-deletion/{outcome.code}"
        return jsonify(url=url, confirmation_code=outcome.code)


class DataDeletionPages:
    """What somebody sees who follows a deletion up."""

    def __init__(self, methods: SignInMethods, pages: Pages, receive: HandleProviderEvent) -> None:
        self._methods = methods
        self._pages = pages
        self._receive = receive

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("federation_deletion", __name__)
        blueprint.get("/providers/<provider_key>/data-deletion/<code>")(self.show)
        return blueprint

    def show(self, provider_key: str, code: str) -> Response:
        """Say that it is done."""
        if not self._receive.is_forgotten(provider_key, code):
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
    body = request.get_json(silent=True) if request.is_json else request.form
    value = body.get(field) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) else ""


def _not_accepted(refusal: ProviderRefusal) -> Response:
    """Ask to send it again if only the provider's keys are out of reach; otherwise refuse it for good."""
    if refusal.refusal is Refusal.UNAVAILABLE:
        return make_response("", 503)
    # RFC 8935 §2.3; the cause is for our own log.
    return make_response(jsonify(err="invalid_request", description="This is no message we can verify."), 400)
