"""The pages that verify the address of a first sign-in."""

from collections.abc import Mapping
from typing import ClassVar

from flask import Response, flash, request

from identity.config import Settings
from identity.continuation import Continuation
from identity.email_verification.routes import VerificationPages
from identity.email_verification.verification import (
    ClosedLink,
    ClosedReason,
    CodeRefused,
    EmailVerification,
    OpenLink,
)
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.pending_store import FirstSignInView
from identity.journeys.federation.requesting_browser import CurrentBrowser
from identity.journeys.federation.verify_email import AlreadyVerified, VerifyFirstSignIn
from identity.rate_limits.limiter import RateLimiter
from identity.web import messages
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.sign_in_methods import SignInMethods


class FirstSignInVerificationPages(VerificationPages[FirstSignInView]):
    """A verified first sign-in signs the resident in."""

    name: ClassVar[str] = "first_sign_in_verification"
    check_email_rule: ClassVar[str] = "/sign-in/<provider_key>/check-email"
    pending_parameter: ClassVar[str] = "waiting"
    link_path: ClassVar[str] = "/sign-in/verify-email"
    check_email_template: ClassVar[str] = "federation/check_email.html"
    page_expired_template: ClassVar[str] = "federation/page_expired.html"
    asks_for_more_template: ClassVar[str] = "federation/link_in_other_browser.html"
    link_unknown_template: ClassVar[str] = "federation/page_expired.html"

    def __init__(
        self,
        *,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        settings: Settings,
        browser_binding: BrowserBinding,
        verification: EmailVerification[FirstSignInView],
        methods: SignInMethods,
        current_session: CurrentSession,
        current_browser: CurrentBrowser,
        verify: VerifyFirstSignIn,
        outcome_pages: OutcomePages,
    ) -> None:
        super().__init__(
            pages=pages,
            csrf=csrf,
            rate_limiter=rate_limiter,
            settings=settings,
            browser_binding=browser_binding,
            verification=verification,
        )
        self._methods = methods
        self._current_session = current_session
        self._current_browser = current_browser
        self._verify = verify
        self._outcome_pages = outcome_pages

    def check_email_path(self, pending: FirstSignInView) -> str:
        """Return the path of the page that waits for the code."""
        return f"/sign-in/{pending.provider}/check-email"

    def is_at_its_page(self, pending: FirstSignInView) -> bool:
        """Return whether this request's URL names the provider of the first sign-in."""
        return (request.view_args or {}).get("provider_key") == pending.provider

    def facts(self, pending: FirstSignInView, continuation: Continuation) -> Mapping[str, object]:
        """Return the provider's name, and its button where the city offers it."""
        city = self._pages.city_of(continuation)
        return {
            "name": self._methods.name(pending.provider),
            "button": self._methods.button(pending.provider, city),
        }

    def verify_by_code(self, pending: FirstSignInView, code: str) -> Response | CodeRefused:
        """Sign the resident in if the code is right."""
        outcome = self._verify.by_code(pending, code, self._current_browser.load())
        if isinstance(outcome, CodeRefused):
            return outcome
        return self._outcome_pages.show_outcome(pending.provider, outcome)

    def verify_by_link(self, link: OpenLink[FirstSignInView]) -> Response:
        """Sign the resident in; in a browser that did not come back, show the provider's button."""
        if not link.is_same_browser:
            return self.render_link(link)
        outcome = self._verify.by_link(link, self._current_browser.load())
        if isinstance(outcome, AlreadyVerified):
            used = ClosedLink(ClosedReason.ALREADY_VERIFIED, link.pending, link.continuation)
            return self.render_link(used)
        return self._outcome_pages.show_outcome(link.pending.provider, outcome)

    def after_verification(self, _pending: FirstSignInView) -> Response:
        """Send the browser to where the resident was going, or to sign in first."""
        continuation = self._pages.continuation()
        if self._current_session.load():
            return self._pages.redirect_to(continuation)
        flash(messages.address_verified(), "success")
        return self._pages.see_other("/sign-in", continuation, show="form")
