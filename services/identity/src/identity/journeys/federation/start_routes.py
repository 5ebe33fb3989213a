"""What the buttons "Sign in with …" do."""

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, Response, flash, request
from flask_babel import get_locale, gettext

from identity.errors import Reason, Refused
from identity.identity_providers.provider import Provider
from identity.journeys.federation.callback import SignInRefusal
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.journeys.federation.start import RedirectToProvider, StartSignIn
from identity.rate_limits.limiter import Action, RateLimiter
from identity.web import messages
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.sign_in_methods import SignInMethods
from identity.web.visitor import current_visitor

_LONGEST_TOKEN = 64


class StartPages:
    """Takes the forms behind the buttons."""

    def __init__(  # noqa: PLR0917 - names what it depends on
        self,
        providers: Mapping[str, Provider],
        methods: SignInMethods,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        browser_binding: BrowserBinding,
        current_session: CurrentSession,
        leave: StartSignIn,
        outcome_pages: OutcomePages,
    ) -> None:
        self._providers = providers
        self._methods = methods
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._browser_binding = browser_binding
        self._current_session = current_session
        self._leave = leave
        self._outcome_pages = outcome_pages

    def blueprint(self) -> Blueprint:
        """Return the endpoint."""
        blueprint = Blueprint("federation", __name__)
        blueprint.post("/sign-in/<provider_key>", endpoint="leave")(self.leave)
        blueprint.get("/sign-in/<provider_key>", endpoint="nothing")(self.nothing)
        self._csrf.when_expired("federation.leave", self._expired)
        return blueprint

    def leave(self, provider_key: str) -> Response:
        """Send the browser to the provider."""
        continuation = self._pages.continuation()
        city = self._pages.city_of(continuation)
        provider = self._providers.get(provider_key)
        if provider is None or self._methods.button(provider_key, city) is None:
            raise Refused(Reason.NOT_FOUND)
        browser = RequestingBrowser(
            self._browser_binding.secret(), self._current_session.load(), current_visitor()
        )
        if not self._rate_limiter.allows_network(Action.SIGN_IN, browser.visitor.ip_address):
            flash(messages.too_many_requests(), "warning")
            return self._pages.see_other("/sign-in", continuation)
        outcome = self._leave.leave(
            provider,
            replace(continuation, city_id=city.id if city else ""),
            language=str(get_locale()),
            link_token=request.form.get("token", "")[:_LONGEST_TOKEN],
            browser=browser,
        )
        if not isinstance(outcome, RedirectToProvider):
            return self._outcome_pages.refused(provider_key, SignInRefusal.UNAVAILABLE, continuation)
        # A page, and no redirect: `form-action` binds every redirect of a form, and only the provider knows
        # over which of its own, or its customers', sites it leads (docs/decisions/).
        response = self._pages.render(
            "federation/redirect_to_provider.html", continuation, url=outcome.url, name=provider.brand.name
        )
        self._browser_binding.remember(response, outcome.browser_secret)
        return response

    def nothing(self, provider_key: str) -> Response:
        """Answer whoever reloads, or follows a link here: only the button starts anything."""
        if provider_key not in self._providers:
            raise Refused(Reason.NOT_FOUND)
        return self._pages.see_other("/sign-in", self._pages.continuation())

    def _expired(self) -> Response:
        flash(gettext("Your session has expired. Please try to sign in again."), "warning")
        return self._pages.see_other("/sign-in", self._pages.continuation())
