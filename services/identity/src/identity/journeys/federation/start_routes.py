"""What the buttons "Sign in with …" submit."""

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, Response, flash, request
from flask_babel import get_locale, gettext

from identity.errors import Reason, Refused
from identity.identity_providers.provider import Provider
from identity.journeys.federation.callback import SignInRefusal
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.requesting_browser import CurrentBrowser
from identity.journeys.federation.start import RedirectToProvider, StartSignIn
from identity.rate_limits.limiter import Action, RateLimiter
from identity.web import login_hints, messages
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.pages import Pages
from identity.web.sign_in_methods import SignInMethods

_LONGEST_TOKEN = 64


class StartPages:
    """Starts a sign-in with a provider."""

    def __init__(
        self,
        *,
        providers: Mapping[str, Provider],
        methods: SignInMethods,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        browser_binding: BrowserBinding,
        current_browser: CurrentBrowser,
        start: StartSignIn,
        outcome_pages: OutcomePages,
    ) -> None:
        self._providers = providers
        self._methods = methods
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._browser_binding = browser_binding
        self._current_browser = current_browser
        self._start = start
        self._outcome_pages = outcome_pages

    def blueprint(self) -> Blueprint:
        """Return the endpoint."""
        blueprint = Blueprint("federation_start", __name__)
        blueprint.post("/sign-in/<provider_key>", endpoint="start")(self.start)
        blueprint.get("/sign-in/<provider_key>", endpoint="not_started")(self.not_started)
        self._csrf.when_expired("federation_start.start", self._form_expired)
        return blueprint

    def start(self, provider_key: str) -> Response:
        """Send the browser to the provider."""
        continuation = self._pages.continuation()
        city = self._pages.city_of(continuation)
        provider = self._providers.get(provider_key)
        if provider is None or self._methods.button(provider_key, city) is None:
            raise Refused(Reason.NOT_FOUND)
        browser = self._current_browser.load()
        if seconds := self._rate_limiter.network_waits(Action.SIGN_IN, browser.visitor.ip_address):
            flash(messages.too_many_requests(seconds), "warning")
            return self._pages.see_other("/sign-in", continuation)
        outcome = self._start.start(
            provider,
            replace(continuation, city_id=city.id if city else ""),
            language=str(get_locale()),
            login_hint=login_hints.recall(continuation.path),
            link_token=request.form.get("token", "")[:_LONGEST_TOKEN],
            browser=browser,
        )
        if not isinstance(outcome, RedirectToProvider):
            return self._outcome_pages.show_refusal(provider_key, SignInRefusal.UNAVAILABLE, continuation)
        # A page, and no redirect: `form-action` also binds the redirects of a form, and only the provider
        # knows over which of its own, or its customers', sites it leads (docs/decisions/0016).
        response = self._pages.render(
            "federation/redirect_to_provider.html", continuation, url=outcome.url, name=provider.brand.name
        )
        self._browser_binding.remember(response, outcome.browser_secret)
        return response

    def not_started(self, provider_key: str) -> Response:
        """Send a reload or a followed link to the sign-in page: only the button starts a sign-in."""
        if provider_key not in self._providers:
            raise Refused(Reason.NOT_FOUND)
        return self._pages.see_other("/sign-in", self._pages.continuation())

    def _form_expired(self) -> Response:
        flash(gettext("Your session has expired. Please try to sign in again."), "warning")
        return self._pages.see_other("/sign-in", self._pages.continuation())
