"""The pages that verify the address of a registration."""

from typing import ClassVar

from flask import Response, flash, request
from flask_babel import gettext

from identity.config import Settings
from identity.email_verification.routes import VerificationPages
from identity.email_verification.verification import (
    ClosedLink,
    ClosedReason,
    CodeRefused,
    EmailVerification,
    OpenLink,
)
from identity.journeys.registration.forms import ChoosePasswordForm
from identity.journeys.registration.store import PendingRegistrationView
from identity.journeys.registration.verify import (
    AlreadyVerified,
    PasswordNeeded,
    PasswordRefused,
    RegistrationVerified,
    VerifyRegistration,
    asks_for_password,
)
from identity.rate_limits.limiter import RateLimiter
from identity.residents.passwords.policy import PasswordPolicy
from identity.web import link_tokens, messages, password_messages, typed_email
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.pages import Pages
from identity.web.visitor import current_visitor

_Link = OpenLink[PendingRegistrationView] | ClosedLink[PendingRegistrationView]


class RegistrationVerificationPages(VerificationPages[PendingRegistrationView]):
    """A verified registration leads to the sign-in page, with the address filled in."""

    name: ClassVar[str] = "registration_verification"
    check_email_rule: ClassVar[str] = "/sign-up/check-email"
    pending_parameter: ClassVar[str] = "registration"
    link_path: ClassVar[str] = "/verify-registration"
    check_email_template: ClassVar[str] = "registration/check_email.html"
    page_expired_template: ClassVar[str] = "registration/page_expired.html"
    asks_for_more_template: ClassVar[str] = "registration/choose_password.html"
    link_unknown_template: ClassVar[str] = "registration/link_unknown.html"

    def __init__(
        self,
        *,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        settings: Settings,
        browser_binding: BrowserBinding,
        verification: EmailVerification[PendingRegistrationView],
        policy: PasswordPolicy,
        verify: VerifyRegistration,
    ) -> None:
        super().__init__(
            pages=pages,
            csrf=csrf,
            rate_limiter=rate_limiter,
            settings=settings,
            browser_binding=browser_binding,
            verification=verification,
        )
        self._policy = policy
        self._verify = verify

    def check_email_path(self, _pending: PendingRegistrationView) -> str:
        """Return the path of the page that waits for the code."""
        return self.check_email_rule

    def verify_by_code(self, pending: PendingRegistrationView, code: str) -> Response | CodeRefused:
        """Create the resident if the code is right."""
        outcome = self._verify.by_code(pending, code, current_visitor())
        if isinstance(outcome, CodeRefused):
            return outcome
        if isinstance(outcome, PasswordNeeded):
            named = {link_tokens.NAME: link_tokens.remember(outcome.link_token)}
            return self._pages.see_other(self.link_path, self._pages.continuation(), **named)
        if isinstance(outcome, AlreadyVerified):
            flash(gettext("This email address is already verified. You can sign in."), "success")
            return self._pages.see_other("/sign-in", self._pages.continuation())
        return self.after_verification(pending)

    def verify_by_link(self, link: OpenLink[PendingRegistrationView]) -> Response:
        """Create the resident, with a new password where the link asks for one."""
        if not asks_for_password(link):
            return self._after_link(link, self._verify.by_link(link, current_visitor()))
        form = ChoosePasswordForm(request.form)
        if not form.validate():
            return self.render_link(link, 422, form=form)
        city = self._pages.city_of(link.continuation)
        outcome = self._verify.by_link_with_password(
            link, form.password.data or "", city.name if city else "", current_visitor()
        )
        if isinstance(outcome, PasswordRefused):
            form.refuse("password", password_messages.messages(outcome.problems, self._policy))
            return self.render_link(link, 422, form=form)
        return self._after_link(link, outcome)

    def after_verification(self, pending: PendingRegistrationView) -> Response:
        """Send the browser to the sign-in page, with the address filled in."""
        typed_email.remember(pending.email)
        flash(messages.address_verified(), "success")
        return self._pages.see_other("/sign-in", self._pages.continuation(), show="form")

    def asks_for_more(self, link: OpenLink[PendingRegistrationView]) -> bool:
        """Return whether the link needs a password."""
        return asks_for_password(link)

    def refuse_too_many(self, link: _Link, seconds: int) -> Response:
        """Show the page of a link to a network over its limit, at the field if it has one."""
        if isinstance(link, OpenLink) and asks_for_password(link):
            form = ChoosePasswordForm(request.form)
            form.refuse("password", [messages.too_many_requests(seconds)])
            return self.render_link(link, 429, retry_after=seconds, form=form)
        return super().refuse_too_many(link, seconds)

    def render_link(
        self, link: _Link, status: int = 200, *, retry_after: int = 0, **facts: object
    ) -> Response:
        """Return the page of a link, with the form for a password where it asks for one."""
        if isinstance(link, OpenLink) and asks_for_password(link):
            facts = {
                "form": ChoosePasswordForm(),
                "password_hint": password_messages.hint(self._policy),
                "is_same_browser": link.is_same_browser,
                **facts,
            }
        if isinstance(link, ClosedLink) and link.reason is ClosedReason.ALREADY_VERIFIED and link.pending:
            typed_email.remember(link.pending.email)
        return super().render_link(link, status, retry_after=retry_after, **facts)

    def _after_link(
        self, link: OpenLink[PendingRegistrationView], outcome: RegistrationVerified | AlreadyVerified
    ) -> Response:
        if isinstance(outcome, AlreadyVerified):
            used = ClosedLink(ClosedReason.ALREADY_VERIFIED, link.pending, link.continuation)
            return self.render_link(used)
        typed_email.remember(link.pending.email)
        flash(messages.address_verified(), "success")
        return self._pages.see_other("/sign-in", link.continuation, show="form")
