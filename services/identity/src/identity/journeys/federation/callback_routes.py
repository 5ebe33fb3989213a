"""Where providers send the browser back."""

from collections.abc import Mapping

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from identity.continuation import Continuation
from identity.errors import Reason, Refused
from identity.identity_providers.provider import Provider
from identity.journeys.federation.callback import AlreadySignedIn, HandleCallback, SignInRefused
from identity.journeys.federation.match_resident import Unfinished
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.web.browser_binding import BrowserBinding
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.visitor import current_visitor


class CallbackEndpoints:
    """One address for each provider. Its state, not a CSRF token, proves an answer."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        pages: Pages,
        browser_binding: BrowserBinding,
        current_session: CurrentSession,
        finish: HandleCallback,
        outcome_pages: OutcomePages,
    ) -> None:
        self._providers = providers
        self._pages = pages
        self._browser_binding = browser_binding
        self._current_session = current_session
        self._finish = finish
        self._outcome_pages = outcome_pages

    def blueprint(self) -> Blueprint:
        """Return the endpoints; to be exempt from the protection of forms."""
        blueprint = Blueprint("federation_callback", __name__)
        blueprint.get("/sign-in/<provider_key>/callback")(self.answer)
        blueprint.post("/sign-in/<provider_key>/callback", endpoint="posted")(self.posted)
        return blueprint

    def answer(self, provider_key: str) -> Response:
        """Take the answer."""
        provider = self._provider(provider_key)
        browser = RequestingBrowser(
            self._browser_binding.secret(), self._current_session.load(), current_visitor()
        )
        outcome = self._finish.finish(provider, _each_once(request.args), browser)
        if isinstance(outcome, SignInRefused):
            return self._outcome_pages.refused(provider_key, outcome.why, outcome.continuation)
        if isinstance(outcome, AlreadySignedIn):
            return self._pages.redirect_to(outcome.continuation)
        if isinstance(outcome, Unfinished):
            page = "check-email" if outcome.is_mailed else "complete"
            path = f"/sign-in/{provider_key}/{page}"
            return self._pages.see_other(path, outcome.continuation, waiting=outcome.pending_id)
        return self._outcome_pages.done(provider_key, outcome)

    def posted(self, provider_key: str) -> Response:
        """Keep an answer that came without cookies, and let the browser come for it with them.

        OAuth 2.0 Form Post Response Mode; cookies of SameSite=Lax travel with a GET only.
        """
        provider = self._provider(provider_key)
        answer = _each_once(request.form)
        self._finish.keep(provider, answer)
        path = f"/sign-in/{provider_key}/callback"
        return self._pages.see_other(path, Continuation(), state=answer.get("state", ""))

    def _provider(self, provider_key: str) -> Provider:
        provider = self._providers.get(provider_key)
        if provider is None:
            raise Refused(Reason.NOT_FOUND)
        return provider


def _each_once(values: "MultiDict[str, str]") -> dict[str, str]:
    """Return the parameters; nothing if one came twice (RFC 6749 §3.1)."""
    each = values.to_dict(flat=False)
    return {name: given[0] for name, given in each.items()} if all(len(g) == 1 for g in each.values()) else {}
