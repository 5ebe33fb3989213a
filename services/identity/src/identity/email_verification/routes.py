"""The page "Verification email sent", and the page behind the link in that mail."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from email.utils import parseaddr
from typing import ClassVar, Generic

from flask import Blueprint, Response, flash, jsonify, request
from flask_babel import gettext

from identity.config import Settings
from identity.continuation import Continuation
from identity.email_verification.forms import CodeForm
from identity.email_verification.owner import P
from identity.email_verification.verification import (
    ClosedLink,
    ClosedReason,
    CodeRefused,
    EmailVerification,
    OpenLink,
    Resend,
)
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.one_time_codes.store import CodeResult
from identity.web import link_tokens, messages
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.pages import Pages
from identity.web.visitor import current_visitor


class VerificationPages(ABC, Generic[P]):
    """Both pages for one owner, which names the URLs, the templates and what follows.

    GET changes nothing, since mail scanners open links too.
    """

    # Of the blueprint.
    name: ClassVar[str]
    # Flask's rule of the page that waits for the code, and the query parameter with the row's identifier.
    check_email_rule: ClassVar[str]
    pending_parameter: ClassVar[str]
    # The path of the page behind the link.
    link_path: ClassVar[str]
    check_email_template: ClassVar[str]
    # For a row that expired or that another browser created.
    page_expired_template: ClassVar[str]
    # For an open link that asks for more than a click.
    asks_for_more_template: ClassVar[str]
    link_unknown_template: ClassVar[str]

    def __init__(
        self,
        *,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        settings: Settings,
        browser_binding: BrowserBinding,
        verification: EmailVerification[P],
    ) -> None:
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._sender = parseaddr(settings.mail_sender)
        self._browser_binding = browser_binding
        self._verification = verification

    @abstractmethod
    def check_email_path(self, pending: P) -> str:
        """Return the path of the page that waits for this row's code."""

    @abstractmethod
    def verify_by_code(self, pending: P, code: str) -> Response | CodeRefused:
        """Complete the row if the code is right."""

    @abstractmethod
    def verify_by_link(self, link: OpenLink[P]) -> Response:
        """Complete the row, or show what is missing for it."""

    @abstractmethod
    def after_verification(self, pending: P) -> Response:
        """Send a browser on whose row is verified already."""

    def asks_for_more(self, link: OpenLink[P]) -> bool:
        """Return whether the link needs more than a click: in a browser that did not create the row."""
        return not link.is_same_browser

    def refuse_too_many(self, link: OpenLink[P] | ClosedLink[P], seconds: int) -> Response:
        """Show the page of a link to a network over its limit, which may ask again after so many seconds."""
        flash(messages.too_many_requests(seconds), "warning")
        return self.render_link(link, 429, retry_after=seconds)

    def facts(self, _pending: P, _continuation: Continuation) -> Mapping[str, object]:
        """Return what the owner's templates show besides the row."""
        return {}

    def is_at_its_page(self, _pending: P) -> bool:
        """Return whether this request's URL is the row's own."""
        return True

    def blueprint(self) -> Blueprint:
        """Return the pages."""
        blueprint = Blueprint(self.name, __name__)
        blueprint.get(self.check_email_rule, endpoint="show_check_email")(self.show_check_email)
        blueprint.post(self.check_email_rule, endpoint="submit_code")(self.submit_code)
        blueprint.post(f"{self.check_email_rule}/again", endpoint="resend")(self.resend)
        blueprint.get(f"{self.check_email_rule}/refused", endpoint="show_refused")(self.show_refused)
        blueprint.get(self.link_path, endpoint="show_link")(self.show_link)
        blueprint.post(self.link_path, endpoint="confirm_link")(self.confirm_link)
        blueprint.post(f"{self.link_path}/again", endpoint="resend_for_link")(self.resend_for_link)
        for endpoint in ("submit_code", "resend"):
            self._csrf.when_expired(f"{self.name}.{endpoint}", self._show_expired_form)
        # The same page with a fresh token: there is no input to lose.
        for endpoint in ("confirm_link", "resend_for_link"):
            self._csrf.when_expired(f"{self.name}.{endpoint}", self.show_link)
        return blueprint

    def show_check_email(self, **_path: str) -> Response:
        """Show the page that waits for the code; once the address is verified, go on."""
        pending = self._find_pending()
        if pending is None:
            return self._show_page_expired()
        return self.after_verification(pending) if pending.is_verified else self._render(pending, CodeForm())

    def submit_code(self, **_path: str) -> Response:
        """Take the code from the mail."""
        pending = self._find_pending()
        if pending is None:
            return self._show_page_expired()
        if pending.is_verified:
            return self.after_verification(pending)
        form = CodeForm(request.form)
        if not form.validate():
            return self._render(pending, form, 422)
        if seconds := self._rate_limiter.network_waits(Action.PROOF, current_visitor().ip_address):
            form.refuse("code", [messages.too_many_requests(seconds)])
            return self._render(pending, form, 429, retry_after=seconds)
        outcome = self.verify_by_code(pending, form.code.data or "")
        if isinstance(outcome, CodeRefused):
            form.refuse("code", [_code_message(outcome.result)])
            return self._render(pending, form, 429 if outcome.result is CodeResult.TOO_MANY else 422)
        return outcome

    def resend(self, **_path: str) -> Response:
        """Send the mail again."""
        pending = self._find_pending()
        if pending is None:
            return self._show_page_expired()
        _flash(self._verification.resend(pending, current_visitor()))
        arguments = {self.pending_parameter: pending.id}
        return self._pages.see_other(self.check_email_path(pending), self._pages.continuation(), **arguments)

    def show_refused(self, **_path: str) -> Response:
        """Tell the script of the page whether the mail server refused the address."""
        pending = self._find_pending()
        is_refused = pending is not None and self._verification.is_refused(pending)
        return jsonify(refused=is_refused)

    def show_link(self) -> Response:
        """Show what the link is good for."""
        return self.render_link(self._find_link())

    def confirm_link(self) -> Response:
        """Verify the address by the link."""
        seconds = self._rate_limiter.network_waits(Action.PROOF, current_visitor().ip_address)
        link = self._find_link()
        if seconds:
            return self.refuse_too_many(link, seconds)
        return self.verify_by_link(link) if isinstance(link, OpenLink) else self.render_link(link)

    def resend_for_link(self) -> Response:
        """Send a new link in place of one that expired."""
        _flash(self._verification.resend_for_link(link_tokens.current(), current_visitor()))
        return self._pages.see_other(self.link_path, self._pages.continuation(), **_named())

    def render_link(
        self,
        link: OpenLink[P] | ClosedLink[P],
        status: int = 200,
        *,
        retry_after: int = 0,
        **facts: object,
    ) -> Response:
        """Return the page of a link: what it asks for, or why it does not work (400)."""
        continuation, token = link.continuation or self._pages.continuation(), link_tokens.current()
        if isinstance(link, ClosedLink) and link.reason is not ClosedReason.ALREADY_VERIFIED:
            status = max(status, 400)
        if link.pending is not None:
            facts = {**self.facts(link.pending, continuation), **facts}
        return self._pages.render(
            self._link_template(link),
            continuation,
            status,
            retry_after=retry_after,
            pending=link.pending,
            token=token,
            again=self._pages.url(f"{self.link_path}/again", continuation, **_named()),
            **facts,
        )

    def _link_template(self, link: OpenLink[P] | ClosedLink[P]) -> str:
        if isinstance(link, OpenLink):
            confirm = "email_verification/confirm.html"
            return self.asks_for_more_template if self.asks_for_more(link) else confirm
        match link.reason:
            case ClosedReason.ALREADY_VERIFIED:
                return "email_verification/already_verified.html"
            case ClosedReason.EXPIRED:
                return "email_verification/link_expired.html"
            case ClosedReason.UNKNOWN:
                return self.link_unknown_template

    def _find_link(self) -> OpenLink[P] | ClosedLink[P]:
        return self._verification.find_link(link_tokens.current(), self._browser_binding.secret())

    def _find_pending(self) -> P | None:
        pending_id = request.args.get(self.pending_parameter, "")
        pending = self._verification.find_pending(pending_id, self._browser_binding.secret())
        is_shown = pending is not None and pending.address is not None and self.is_at_its_page(pending)
        return pending if is_shown else None

    def _render(
        self,
        pending: P,
        form: CodeForm,
        status: int = 200,
        failure: str = "",
        retry_after: int = 0,
    ) -> Response:
        continuation, path = self._pages.continuation(), self.check_email_path(pending)
        arguments = {self.pending_parameter: pending.id}
        return self._pages.render(
            self.check_email_template,
            continuation,
            status,
            retry_after=retry_after,
            form=form,
            pending=pending,
            again=self._pages.url(f"{path}/again", continuation, **arguments),
            ask_refused=self._pages.url(f"{path}/refused", continuation, **arguments),
            sender=self._sender,
            failure=failure,
            is_refused=self._verification.is_refused(pending),
            **self.facts(pending, continuation),
        )

    def _show_page_expired(self) -> Response:
        return self._pages.render(self.page_expired_template, self._pages.continuation(), 400)

    def _show_expired_form(self) -> Response:
        pending = self._find_pending()
        if pending is None:
            return self._show_page_expired()
        return self._render(pending, CodeForm(request.form), 400, messages.page_too_old())


def _named() -> dict[str, str]:
    return {link_tokens.NAME: request.args.get(link_tokens.NAME, "")}


def _flash(outcome: Resend) -> None:
    match outcome:
        case Resend.SENT:
            flash(messages.mailed_again(), "success")
        case Resend.TOO_SOON:
            flash(messages.mailed_a_moment_ago(), "info")
        case Resend.NOTHING_TO_SEND:
            pass


def _code_message(result: CodeResult) -> str:
    if result is CodeResult.WRONG:
        return str(gettext("This is not the code in our newest email. Check it and type it again."))
    if result is CodeResult.TOO_MANY:
        return str(
            gettext(
                "Too many wrong codes were typed. Open the email and click “Verify registration”: its link"
                " still works."
            )
        )
    return str(gettext("This code is no longer valid. Choose “Send it again” for a new one."))
