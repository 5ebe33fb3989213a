"""The page "Verification email sent"."""

from email.utils import parseaddr

from flask import Blueprint, Response, flash, request
from flask_babel import gettext

from identity.config import Settings
from identity.journeys.registration.forms import CodeForm
from identity.journeys.registration.resend import ResendVerification, Resent
from identity.journeys.registration.store import Pending
from identity.journeys.registration.verify import Step, Verify
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.one_time_codes.store import CodeResult
from identity.web import messages, typed_email
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.pages import Pages
from identity.web.visitor import current_visitor

PATH = "/sign-up/check-email"


class WaitingPages:
    """Waits for the mail to be answered, by the code typed here or by its link."""

    def __init__(  # noqa: PLR0917 - names what it depends on
        self,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        settings: Settings,
        browser_binding: BrowserBinding,
        waiting: ResendVerification,
        verify: Verify,
    ) -> None:
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._sender = parseaddr(settings.mail_sender)
        self._browser_binding = browser_binding
        self._waiting = waiting
        self._verify = verify

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("waiting", __name__)
        blueprint.get(PATH)(self.show)
        blueprint.post(PATH, endpoint="code")(self.code)
        blueprint.post(f"{PATH}/again", endpoint="again")(self.again)
        self._csrf.when_expired("waiting.code", self._expired)
        self._csrf.when_expired("waiting.again", self._expired)
        return blueprint

    def show(self) -> Response:
        """Show the page that waits; once the address is verified, go on to sign in."""
        pending = self._pending()
        if pending is None:
            return self._gone()
        if pending.confirmed_at is not None:
            return self._verified(pending)
        return self._render(pending, CodeForm())

    def code(self) -> Response:
        """Take the code from the mail."""
        pending = self._pending()
        if pending is None:
            return self._gone()
        form = CodeForm(request.form)
        if not form.validate():
            return self._render(pending, form, 422)
        visitor = current_visitor()
        if not self._rate_limiter.allows_network(Action.PROOF, visitor.ip_address):
            form.refuse("code", [messages.too_many_requests()])
            return self._render(pending, form, 429)
        result, verification = self._verify.by_code(pending, form.code.data or "", visitor)
        if verification is None:
            form.refuse("code", [_code_words(result)])
            return self._render(pending, form, 422)
        if verification.step is not Step.VERIFIED:
            flash(gettext("This email address is already verified. You can sign in."), "success")
            return self._pages.see_other("/sign-in", self._pages.continuation())
        return self._verified(pending)

    def again(self) -> Response:
        """Send the mail again."""
        pending = self._pending()
        if pending is None:
            return self._gone()
        match self._waiting.send_again(pending, current_visitor()):
            case Resent.SENT:
                flash(gettext("We sent the email again. Only the newest link and code work."), "success")
            case Resent.TOO_SOON:
                flash(messages.mailed_a_moment_ago(), "info")
            case Resent.TOO_MANY:
                flash(messages.too_many_requests(), "warning")
            case Resent.GONE:
                pass
        return self._pages.see_other(PATH, self._pages.continuation(), registration=pending.id)

    def _pending(self) -> Pending | None:
        return self._waiting.find(request.args.get("registration", ""), self._browser_binding.secret())

    def _verified(self, pending: Pending) -> Response:
        typed_email.remember(pending.email)
        flash(messages.address_verified(), "success")
        return self._pages.see_other("/sign-in", self._pages.continuation(), show="form")

    def _gone(self) -> Response:
        return self._pages.render("registration/page_expired.html", self._pages.continuation(), 400)

    def _render(self, pending: Pending, form: CodeForm, status: int = 200, failure: str = "") -> Response:
        return self._pages.render(
            "registration/check_email.html",
            self._pages.continuation(),
            status,
            form=form,
            pending=pending,
            sender=self._sender,
            failure=failure,
        )

    def _expired(self) -> Response:
        pending = self._pending()
        if pending is None:
            return self._gone()
        return self._render(pending, CodeForm(request.form), 400, failure=messages.page_too_old())


def _code_words(result: CodeResult) -> str:
    if result is CodeResult.WRONG:
        return str(gettext("This is not the code in our newest email. Check it and type it again."))
    return str(gettext("This code is no longer valid. Choose “Send it again” for a new one."))
