"""The page "One more step"."""

from collections.abc import Mapping

from flask import Blueprint, Response, request

from identity.identity_providers.provider import Provider
from identity.journeys.federation.forms import EverythingForm, NamesForm
from identity.journeys.federation.missing_details import (
    CompleteDetails,
    MissingDetails,
    TooManyMails,
    VerificationMailed,
)
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.pending_store import FirstSignInView
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.accounts.addresses import parse
from identity.web import messages
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.visitor import current_visitor


class MissingDetailsPages:
    """Asks for what is missing."""

    def __init__(  # noqa: PLR0917 - names what it depends on
        self,
        providers: Mapping[str, Provider],
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        browser_binding: BrowserBinding,
        current_session: CurrentSession,
        complete: CompleteDetails,
        outcome_pages: OutcomePages,
    ) -> None:
        self._providers = providers
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._browser_binding = browser_binding
        self._current_session = current_session
        self._complete = complete
        self._outcome_pages = outcome_pages

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("federation_completion", __name__)
        blueprint.get("/sign-in/<provider_key>/complete")(self.form)
        blueprint.post("/sign-in/<provider_key>/complete", endpoint="submit")(self.submit)
        self._csrf.when_expired("federation_completion.submit", self._expired)
        return blueprint

    def form(self, provider_key: str) -> Response:
        """Show the form, with what the provider said."""
        pending = self._pending(provider_key)
        if pending is None:
            return self._gone(provider_key)
        form = NamesForm() if pending.email_proved else EverythingForm()
        form.first_name.data, form.last_name.data = pending.given_name, pending.family_name
        if isinstance(form, EverythingForm):
            form.email.data = pending.email
        return self._render(pending, form)

    def submit(self, provider_key: str) -> Response:
        """Take the form."""
        pending = self._pending(provider_key)
        if pending is None:
            return self._gone(provider_key)
        form = self._filled_form(pending)
        if not form.validate():
            return self._render(pending, form, 422)
        browser = self._requesting_browser()
        if not self._rate_limiter.allows_network(Action.SIGN_UP, browser.visitor.ip_address):
            return self._render(pending, form, 429, messages.too_many_requests())
        filled = MissingDetails(
            form.first_name.data or "",
            form.last_name.data or "",
            parse(form.email.data or "") if isinstance(form, EverythingForm) else None,
        )
        outcome = self._complete.complete(pending, filled, browser)
        if isinstance(outcome, TooManyMails):
            return self._render(pending, form, 429, messages.too_many_requests())
        if isinstance(outcome, VerificationMailed):
            path = f"/sign-in/{provider_key}/check-email"
            return self._pages.see_other(path, self._pages.continuation(), waiting=pending.id)
        return self._outcome_pages.done(provider_key, outcome)

    def _requesting_browser(self) -> RequestingBrowser:
        return RequestingBrowser(
            self._browser_binding.secret(), self._current_session.load(), current_visitor()
        )

    def _pending(self, provider_key: str) -> FirstSignInView | None:
        pending = self._complete.find(request.args.get("waiting", ""), self._requesting_browser())
        is_open = pending and pending.provider == provider_key and pending.completed_at is None
        return pending if is_open else None

    def _filled_form(self, pending: FirstSignInView) -> NamesForm:
        return NamesForm(request.form) if pending.email_proved else EverythingForm(request.form)

    def _gone(self, provider_key: str) -> Response:
        # Whoever completed it a moment ago, in another tab, is signed in and goes on from there.
        if provider_key not in self._providers:
            return self._pages.see_other("/sign-in", self._pages.continuation())
        return self._pages.render("federation/page_expired.html", self._pages.continuation(), 400)

    def _render(
        self, pending: FirstSignInView, form: NamesForm, status: int = 200, failure: str = ""
    ) -> Response:
        provider = self._providers.get(pending.provider)
        return self._pages.render(
            "federation/missing_details.html",
            self._pages.continuation(),
            status,
            form=form,
            pending=pending,
            name=provider.brand.name if provider else pending.provider,
            failure=failure,
        )

    def _expired(self) -> Response:
        provider_key = str((request.view_args or {}).get("provider_key", ""))
        pending = self._pending(provider_key)
        if pending is None:
            return self._gone(provider_key)
        return self._render(pending, self._filled_form(pending), 400, messages.page_too_old())
