"""The page "Verification email sent" of a first sign-in, and the page behind the link in that mail."""

from email.utils import parseaddr

from flask import Blueprint, Response, flash, request
from flask_babel import gettext

from identity.config import Settings
from identity.journeys.federation.forms import CodeForm
from identity.journeys.federation.missing_details import CompleteDetails
from identity.journeys.federation.outcome_pages import OutcomePages
from identity.journeys.federation.pending_store import FirstSignInView
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.journeys.federation.verify_email import Resent, Seen, Step, VerifyAddress
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.one_time_codes.store import CodeResult
from identity.web import messages
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.sign_in_methods import SignInMethods
from identity.web.visitor import current_visitor

_TEMPLATES = {
    Step.CONFIRM: "federation/confirm.html",
    Step.SIGN_IN: "federation/link_in_other_browser.html",
    Step.ALREADY_VERIFIED: "email_verification/already_verified.html",
    Step.EXPIRED: "federation/link_expired.html",
    Step.REPLACED: "federation/link_expired.html",
    Step.UNKNOWN: "federation/page_expired.html",
}
# The page of the mailed link (`web/mail_links.py`).
LINK_PATH = "/sign-in/verify-email"
_GOOD = (Step.CONFIRM, Step.SIGN_IN, Step.ALREADY_VERIFIED)


class WaitingPages:
    """Waits for the mail to be answered, by the code typed here or by its link."""

    def __init__(  # noqa: PLR0917 - names what it depends on
        self,
        settings: Settings,
        methods: SignInMethods,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        browser_binding: BrowserBinding,
        current_session: CurrentSession,
        complete: CompleteDetails,
        verify: VerifyAddress,
        outcome_pages: OutcomePages,
    ) -> None:
        self._sender = parseaddr(settings.mail_sender)
        self._methods = methods
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._browser_binding = browser_binding
        self._current_session = current_session
        self._complete = complete
        self._verify = verify
        self._outcome_pages = outcome_pages

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("federation_waiting", __name__)
        path = "/sign-in/<provider_key>/check-email"
        blueprint.get(path)(self.show)
        blueprint.post(path, endpoint="code")(self.code)
        blueprint.post(f"{path}/again", endpoint="again")(self.again)
        self._csrf.when_expired("federation_waiting.code", self._expired)
        self._csrf.when_expired("federation_waiting.again", self._expired)
        return blueprint

    def show(self, provider_key: str) -> Response:
        """Show the page that waits; once the address is verified, go on."""
        pending = self._pending(provider_key)
        if pending is None:
            return self._gone()
        if pending.completed_at is not None:
            return self._verified()
        return self._render(pending, CodeForm())

    def code(self, provider_key: str) -> Response:
        """Take the code from the mail."""
        pending = self._pending(provider_key)
        if pending is None:
            return self._gone()
        if pending.completed_at is not None:
            return self._verified()
        form = CodeForm(request.form)
        if not form.validate():
            return self._render(pending, form, 422)
        browser = self._requesting_browser()
        if not self._rate_limiter.allows_network(Action.PROOF, browser.visitor.ip_address):
            form.refuse("code", [messages.too_many_requests()])
            return self._render(pending, form, 429)
        result, done = self._verify.by_code(pending, form.code.data or "", browser)
        if done is None:
            form.refuse("code", [_code_words(result)])
            return self._render(pending, form, 422)
        return self._outcome_pages.done(provider_key, done)

    def again(self, provider_key: str) -> Response:
        """Send the mail again."""
        pending = self._pending(provider_key)
        if pending is None:
            return self._gone()
        tell(self._verify.send_again(pending, current_visitor()))
        path = f"/sign-in/{provider_key}/check-email"
        return self._pages.see_other(path, self._pages.continuation(), waiting=pending.id)

    def _requesting_browser(self) -> RequestingBrowser:
        return RequestingBrowser(
            self._browser_binding.secret(), self._current_session.load(), current_visitor()
        )

    def _pending(self, provider_key: str) -> FirstSignInView | None:
        pending = self._complete.find(request.args.get("waiting", ""), self._requesting_browser())
        return pending if pending and pending.provider == provider_key and pending.email else None

    def _verified(self) -> Response:
        continuation = self._pages.continuation()
        if self._current_session.load():
            return self._pages.redirect_to(continuation)
        flash(messages.address_verified(), "success")
        return self._pages.see_other("/sign-in", continuation, show="form")

    def _gone(self) -> Response:
        return self._pages.render("federation/page_expired.html", self._pages.continuation(), 400)

    def _render(
        self, pending: FirstSignInView, form: CodeForm, status: int = 200, failure: str = ""
    ) -> Response:
        return self._pages.render(
            "federation/check_email.html",
            self._pages.continuation(),
            status,
            form=form,
            pending=pending,
            name=self._methods.name(pending.provider),
            sender=self._sender,
            failure=failure,
        )

    def _expired(self) -> Response:
        pending = self._pending(str((request.view_args or {}).get("provider_key", "")))
        if pending is None:
            return self._gone()
        return self._render(pending, CodeForm(request.form), 400, messages.page_too_old())


class LinkPages:
    """What a mailed link shows (GET, which changes nothing) and does (POST)."""

    def __init__(  # noqa: PLR0917 - names what it depends on
        self,
        methods: SignInMethods,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        browser_binding: BrowserBinding,
        current_session: CurrentSession,
        verify: VerifyAddress,
        outcome_pages: OutcomePages,
    ) -> None:
        self._methods = methods
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._browser_binding = browser_binding
        self._current_session = current_session
        self._verify = verify
        self._outcome_pages = outcome_pages

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("federation_link", __name__)
        blueprint.get(LINK_PATH)(self.show)
        blueprint.post(LINK_PATH, endpoint="confirm")(self.confirm)
        blueprint.post(f"{LINK_PATH}/again", endpoint="again")(self.again)
        # The same page with a fresh token; nothing has been typed that could be lost.
        self._csrf.when_expired("federation_link.confirm", self.show)
        self._csrf.when_expired("federation_link.again", self.show)
        return blueprint

    def show(self) -> Response:
        """Show what the link asks for."""
        return self._render(self._verify.look(_token(), self._requesting_browser()))

    def confirm(self) -> Response:
        """Verify the address, in the browser that waits."""
        browser = self._requesting_browser()
        if not self._rate_limiter.allows_network(Action.PROOF, browser.visitor.ip_address):
            flash(messages.too_many_requests(), "warning")
            return self._render(self._verify.look(_token(), browser), 429)
        provider_key = self._verify.look(_token(), browser).provider
        outcome = self._verify.by_link(_token(), browser)
        if isinstance(outcome, Seen):
            return self._render(outcome)
        return self._outcome_pages.done(provider_key, outcome)

    def again(self) -> Response:
        """Send a new link in place of one that expired."""
        tell(self._verify.send_new_link(_token(), current_visitor()))
        return self._pages.see_other(LINK_PATH, self._pages.continuation(), token=_token())

    def _requesting_browser(self) -> RequestingBrowser:
        return RequestingBrowser(
            self._browser_binding.secret(), self._current_session.load(), current_visitor()
        )

    def _render(self, seen: Seen, status: int = 200) -> Response:
        continuation = seen.continuation or self._pages.continuation()
        return self._pages.render(
            _TEMPLATES[seen.step],
            continuation,
            status if status != 200 or seen.step in _GOOD else 400,  # noqa: PLR2004 - HTTP's own number
            seen=seen,
            token=_token(),
            name=self._methods.name(seen.provider),
            button=self._methods.button(seen.provider, self._pages.city_of(continuation)),
            was_replaced=seen.step is Step.REPLACED,
        )


def tell(resent: Resent) -> None:
    """Say what became of "Send it again"."""
    match resent:
        case Resent.SENT:
            flash(gettext("We sent the email again. Only the newest link and code work."), "success")
        case Resent.TOO_SOON:
            flash(messages.mailed_a_moment_ago(), "info")
        case Resent.TOO_MANY:
            flash(messages.too_many_requests(), "warning")
        case Resent.GONE:
            pass


def _token() -> str:
    return request.args.get("token", "")


def _code_words(result: CodeResult) -> str:
    if result is CodeResult.WRONG:
        return str(gettext("This is not the code in our newest email. Check it and type it again."))
    return str(gettext("This code is no longer valid. Choose “Send it again” for a new one."))
