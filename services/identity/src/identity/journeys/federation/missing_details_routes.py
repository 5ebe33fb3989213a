"""The page "One more step"."""

from collections.abc import Mapping

from flask import Blueprint, Response, request

from identity.email_verification.verification import EmailVerification
from identity.identity_providers.provider import Provider
from identity.journeys.federation.forms import NamesAndEmailForm, NamesForm
from identity.journeys.federation.missing_details import (
    CompleteDetails,
    MissingDetails,
    VerificationMailed,
)
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.pending_store import FirstSignInView
from identity.journeys.federation.requesting_browser import CurrentBrowser
from identity.rate_limits.limiter import Action, RateLimiter
from identity.web import messages
from identity.web.csrf import Csrf
from identity.web.pages import Pages


class MissingDetailsPages:
    """Asks for what a first sign-in lacks."""

    def __init__(
        self,
        *,
        providers: Mapping[str, Provider],
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        current_browser: CurrentBrowser,
        verification: EmailVerification[FirstSignInView],
        complete: CompleteDetails,
        outcome_pages: OutcomePages,
    ) -> None:
        self._providers = providers
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._current_browser = current_browser
        self._verification = verification
        self._complete = complete
        self._outcome_pages = outcome_pages

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("missing_details", __name__)
        blueprint.get("/sign-in/<provider_key>/complete", endpoint="show_form")(self.show_form)
        blueprint.post("/sign-in/<provider_key>/complete", endpoint="submit")(self.submit)
        self._csrf.when_expired("missing_details.submit", self._show_expired_form)
        return blueprint

    def show_form(self, provider_key: str) -> Response:
        """Show the form, with what the provider named."""
        pending = self._find_pending(provider_key)
        if pending is None:
            return self._show_page_expired(provider_key)
        form = NamesForm() if pending.email_proved else NamesAndEmailForm()
        form.first_name.data, form.last_name.data = pending.given_name, pending.family_name
        if isinstance(form, NamesAndEmailForm):
            form.email.data = pending.email
        return self._render(pending, form)

    def submit(self, provider_key: str) -> Response:
        """Take the form."""
        pending = self._find_pending(provider_key)
        if pending is None:
            return self._show_page_expired(provider_key)
        form = _submitted_form(pending)
        if not form.validate():
            return self._render(pending, form, 422)
        browser = self._current_browser.load()
        if seconds := self._rate_limiter.network_waits(Action.SIGN_UP, browser.visitor.ip_address):
            return self._render(pending, form, 429, messages.too_many_requests(seconds), seconds)
        outcome = self._complete.complete(pending, _details(form), browser)
        if isinstance(outcome, VerificationMailed):
            path = f"/sign-in/{provider_key}/check-email"
            return self._pages.see_other(path, self._pages.continuation(), waiting=pending.id)
        return self._outcome_pages.show_outcome(provider_key, outcome)

    def _find_pending(self, provider_key: str) -> FirstSignInView | None:
        secret = self._current_browser.load().secret
        pending = self._verification.find_pending(request.args.get("waiting", ""), secret)
        is_open = pending and pending.provider == provider_key and not pending.is_verified
        return pending if is_open else None

    def _show_page_expired(self, provider_key: str) -> Response:
        if provider_key not in self._providers:
            return self._pages.see_other("/sign-in", self._pages.continuation())
        return self._pages.render("federation/page_expired.html", self._pages.continuation(), 400)

    def _render(
        self,
        pending: FirstSignInView,
        form: NamesForm,
        status: int = 200,
        failure: str = "",
        retry_after: int = 0,
    ) -> Response:
        provider = self._providers.get(pending.provider)
        return self._pages.render(
            "federation/missing_details.html",
            self._pages.continuation(),
            status,
            retry_after=retry_after,
            form=form,
            pending=pending,
            name=provider.brand.name if provider else pending.provider,
            failure=failure,
        )

    def _show_expired_form(self) -> Response:
        provider_key = str((request.view_args or {}).get("provider_key", ""))
        pending = self._find_pending(provider_key)
        if pending is None:
            return self._show_page_expired(provider_key)
        return self._render(pending, _submitted_form(pending), 400, messages.page_too_old())


def _submitted_form(pending: FirstSignInView) -> NamesForm:
    return NamesForm(request.form) if pending.email_proved else NamesAndEmailForm(request.form)


def _details(form: NamesForm) -> MissingDetails:
    return MissingDetails(
        form.first_name.data or "",
        form.last_name.data or "",
        form.email.address if isinstance(form, NamesAndEmailForm) else None,
    )
