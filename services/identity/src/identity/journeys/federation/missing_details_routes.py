"""The page "One more step"."""

from collections.abc import Mapping

from flask import Blueprint, Response, request

from identity.identity_providers.provider import Provider
from identity.journeys.federation.forms import EverythingForm, NamesForm
from identity.journeys.federation.missing_details import Complete, Filled, Mailed, TooManyMails
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.pending_store import Waiting
from identity.journeys.federation.requesting_browser import Asking
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.accounts.addresses import parse
from identity.web import messages
from identity.web.browser_binding import AskingBrowser
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.visitor import current_visitor


class CompletionPages:
    """Asks for what is missing."""

    def __init__(  # noqa: PLR0917 - names what it depends on
        self,
        providers: Mapping[str, Provider],
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        browser: AskingBrowser,
        current_session: CurrentSession,
        complete: Complete,
        outcome_pages: OutcomePages,
    ) -> None:
        self._providers = providers
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._browser = browser
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
        waiting = self._waiting(provider_key)
        if waiting is None:
            return self._gone(provider_key)
        form = NamesForm() if waiting.email_proved else EverythingForm()
        form.first_name.data, form.last_name.data = waiting.given_name, waiting.family_name
        if isinstance(form, EverythingForm):
            form.email.data = waiting.email
        return self._render(waiting, form)

    def submit(self, provider_key: str) -> Response:
        """Take the form."""
        waiting = self._waiting(provider_key)
        if waiting is None:
            return self._gone(provider_key)
        form = self._filled_form(waiting)
        if not form.validate():
            return self._render(waiting, form, 422)
        asking = self._asking()
        if not self._rate_limiter.allows_network(Action.SIGN_UP, asking.visitor.ip_address):
            return self._render(waiting, form, 429, messages.too_many_requests())
        filled = Filled(
            form.first_name.data or "",
            form.last_name.data or "",
            parse(form.email.data or "") if isinstance(form, EverythingForm) else None,
        )
        outcome = self._complete.complete(waiting, filled, asking)
        if isinstance(outcome, TooManyMails):
            return self._render(waiting, form, 429, messages.too_many_requests())
        if isinstance(outcome, Mailed):
            path = f"/sign-in/{provider_key}/check-email"
            return self._pages.see_other(path, self._pages.continuation(), waiting=waiting.id)
        return self._outcome_pages.done(provider_key, outcome)

    def _asking(self) -> Asking:
        return Asking(self._browser.secret(), self._current_session.load(), current_visitor())

    def _waiting(self, provider_key: str) -> Waiting | None:
        waiting = self._complete.find(request.args.get("waiting", ""), self._asking())
        is_open = waiting and waiting.provider == provider_key and waiting.completed_at is None
        return waiting if is_open else None

    def _filled_form(self, waiting: Waiting) -> NamesForm:
        return NamesForm(request.form) if waiting.email_proved else EverythingForm(request.form)

    def _gone(self, provider_key: str) -> Response:
        # Whoever completed it a moment ago, in another tab, is signed in and goes on from there.
        if provider_key not in self._providers:
            return self._pages.see_other("/sign-in", self._pages.continuation())
        return self._pages.render("federation/page_expired.html", self._pages.continuation(), 400)

    def _render(self, waiting: Waiting, form: NamesForm, status: int = 200, failure: str = "") -> Response:
        provider = self._providers.get(waiting.provider)
        return self._pages.render(
            "federation/missing_details.html",
            self._pages.continuation(),
            status,
            form=form,
            waiting=waiting,
            name=provider.brand.name if provider else waiting.provider,
            failure=failure,
        )

    def _expired(self) -> Response:
        provider_key = str((request.view_args or {}).get("provider_key", ""))
        waiting = self._waiting(provider_key)
        if waiting is None:
            return self._gone(provider_key)
        return self._render(waiting, self._filled_form(waiting), 400, messages.page_too_old())
