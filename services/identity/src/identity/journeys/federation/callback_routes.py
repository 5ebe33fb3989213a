"""The redirect URIs of the providers."""

from collections.abc import Mapping

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from identity.continuation import Continuation
from identity.errors import Reason, Refused
from identity.identity_providers.provider import Provider
from identity.journeys.federation.callback import AlreadySignedIn, HandleCallback, SignInRefused
from identity.journeys.federation.match_resident import AddressUnverified, DetailsMissing
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.requesting_browser import CurrentBrowser
from identity.web.pages import Pages


class CallbackEndpoints:
    """One path for each provider. The attempt's state, not a CSRF token, proves that it was asked for."""

    def __init__(
        self,
        *,
        providers: Mapping[str, Provider],
        pages: Pages,
        current_browser: CurrentBrowser,
        handle_callback: HandleCallback,
        outcome_pages: OutcomePages,
    ) -> None:
        self._providers = providers
        self._pages = pages
        self._current_browser = current_browser
        self._handle_callback = handle_callback
        self._outcome_pages = outcome_pages

    def blueprint(self) -> Blueprint:
        """Return the endpoints; to be exempt from the protection of forms."""
        blueprint = Blueprint("federation_callback", __name__)
        blueprint.get("/sign-in/<provider_key>/callback", endpoint="callback", head=False)(self.callback)
        blueprint.post("/sign-in/<provider_key>/callback", endpoint="form_post")(self.form_post)
        return blueprint

    def callback(self, provider_key: str) -> Response:
        """Take the authorization response (RFC 6749 §4.1.2)."""
        provider = self._find_provider(provider_key)
        browser = self._current_browser.load()
        outcome = self._handle_callback.handle(provider, _single_values(request.args), browser)
        match outcome:
            case SignInRefused():
                return self._outcome_pages.show_refusal(provider_key, outcome.reason, outcome.continuation)
            case AlreadySignedIn():
                return self._pages.redirect_to(outcome.continuation)
            case AddressUnverified() | DetailsMissing():
                page = "check-email" if isinstance(outcome, AddressUnverified) else "complete"
                path = f"/sign-in/{provider_key}/{page}"
                return self._pages.see_other(path, outcome.continuation, waiting=outcome.pending_id)
            case _:
                return self._outcome_pages.show_outcome(provider_key, outcome)

    def form_post(self, provider_key: str) -> Response:
        """Store an authorization response that was posted, and let the browser fetch it with its cookies.

        OAuth 2.0 Form Post Response Mode; cookies of SameSite=Lax travel with a GET only.
        """
        provider = self._find_provider(provider_key)
        params = _single_values(request.form)
        self._handle_callback.store_form_post(provider, params)
        path = f"/sign-in/{provider_key}/callback"
        return self._pages.see_other(path, Continuation(), state=params.get("state", ""))

    def _find_provider(self, provider_key: str) -> Provider:
        provider = self._providers.get(provider_key)
        if provider is None:
            raise Refused(Reason.NOT_FOUND)
        return provider


def _single_values(values: "MultiDict[str, str]") -> dict[str, str]:
    """Return the parameters; none if one came twice (RFC 6749 §3.1)."""
    each = values.to_dict(flat=False)
    return {name: given[0] for name, given in each.items()} if all(len(g) == 1 for g in each.values()) else {}
