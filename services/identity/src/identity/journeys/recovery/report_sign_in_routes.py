"""The page "This wasn't me", behind the link of the mail about a sign-in."""

from flask import Blueprint, Response, flash
from flask_babel import gettext

from identity.journeys.recovery.report_sign_in import InvalidReportLink, ReportableSignIn, ReportSignIn
from identity.rate_limits.limiter import Action, RateLimiter
from identity.web import link_tokens, messages, typed_email
from identity.web.browsers import browser_and_system
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.sign_in_methods import SignInMethods
from identity.web.visitor import current_visitor


class ReportSignInPages:
    """The page of the link: a button (GET changes nothing), and what it does (POST)."""

    def __init__(
        self,
        *,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        methods: SignInMethods,
        current_session: CurrentSession,
        report: ReportSignIn,
    ) -> None:
        self._pages, self._csrf, self._rate_limiter = pages, csrf, rate_limiter
        self._methods, self._current_session, self._report = methods, current_session, report

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("report_sign_in", __name__)
        blueprint.get("/report-sign-in")(self.show)
        blueprint.post("/report-sign-in", endpoint="submit")(self.submit)
        # The same page with a new token: it has no field to fill in again.
        self._csrf.when_expired("report_sign_in.submit", self.show)
        return blueprint

    def show(self) -> Response:
        """Show the sign-in and the button."""
        return self._render(self._report.find_link(link_tokens.current()))

    def submit(self) -> Response:
        """Shut the person out; lead on to a new password, or to the provider."""
        visitor = current_visitor()
        if seconds := self._rate_limiter.network_waits(Action.PROOF, visitor.ip_address):
            link = self._report.find_link(link_tokens.current())
            return self._render(link, 429, messages.too_many_requests(seconds), retry_after=seconds)
        done = self._report.report(link_tokens.current(), visitor)
        if isinstance(done, InvalidReportLink):
            return self._render(done)
        sign_in = done.sign_in
        if sign_in.has_password:
            typed_email.remember(sign_in.resident.email or "")
            flash(
                gettext("Every device is signed out. Choose a new password: the one before works no more."),
                "success",
            )
            response = self._pages.see_other("/forgot-password", sign_in.continuation)
        else:
            provider = self._methods.name(sign_in.resident.sign_in_method)
            template = "recovery/sign_in_reported.html"
            response = self._pages.render(template, sign_in.continuation, provider=provider)
        self._current_session.clear_cookie(response)
        return response

    def _render(
        self,
        link: ReportableSignIn | InvalidReportLink,
        status: int = 200,
        failure: str = "",
        retry_after: int = 0,
    ) -> Response:
        if isinstance(link, InvalidReportLink):
            continuation = link.continuation or self._pages.continuation()
            return self._pages.render("recovery/report_link_invalid.html", continuation, 400)
        browser, system = browser_and_system(link.user_agent)
        return self._pages.render(
            "recovery/report_sign_in.html",
            link.continuation,
            status,
            failure=failure,
            retry_after=retry_after,
            at=link.at,
            browser=browser,
            system=system,
            provider="" if link.has_password else self._methods.name(link.resident.sign_in_method),
        )
