"""The page behind "Verify registration" in the mail."""

from flask import Blueprint, Response, flash, request
from flask_babel import gettext

from identity.continuation import Continuation
from identity.journeys.registration.forms import ChoosePasswordForm
from identity.journeys.registration.resend import ResendVerification, Resent
from identity.journeys.registration.verify import Step, Verification, Verify
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.passwords.policy import PasswordPolicy
from identity.web import messages, password_messages, typed_email
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.pages import Pages
from identity.web.visitor import current_visitor

PATH = "/verify-registration"

_TEMPLATES = {
    Step.CONFIRM: "registration/confirm.html",
    Step.CHOOSE_PASSWORD: "registration/link_in_other_browser.html",
    Step.ALREADY_VERIFIED: "email_verification/already_verified.html",
    Step.EXPIRED: "registration/link_expired.html",
    Step.REPLACED: "registration/link_expired.html",
    Step.UNKNOWN: "registration/link_unknown.html",
}
_GOOD = (Step.CONFIRM, Step.CHOOSE_PASSWORD, Step.ALREADY_VERIFIED)


class VerificationPages:
    """What a mailed link shows (GET, which changes nothing) and does (POST)."""

    def __init__(  # noqa: PLR0917 - names what it depends on
        self,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        policy: PasswordPolicy,
        browser_binding: BrowserBinding,
        verify: Verify,
        waiting: ResendVerification,
    ) -> None:
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._policy = policy
        self._browser_binding = browser_binding
        self._verify = verify
        self._waiting = waiting

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("verification", __name__)
        blueprint.get(PATH)(self.show)
        blueprint.post(PATH, endpoint="confirm")(self.confirm)
        blueprint.post(f"{PATH}/again", endpoint="again")(self.again)
        # The same page with a fresh token; nothing has been typed that could be lost.
        self._csrf.when_expired("verification.confirm", self.show)
        self._csrf.when_expired("verification.again", self.show)
        return blueprint

    def show(self) -> Response:
        """Show what the link asks for."""
        return self._render(self._verify.look(_token(), self._browser_binding.secret()), ChoosePasswordForm())

    def confirm(self) -> Response:
        """Verify the address."""
        visitor = current_visitor()
        secret = self._browser_binding.secret()
        form = ChoosePasswordForm(request.form)
        if not self._rate_limiter.allows_network(Action.PROOF, visitor.ip_address):
            form.refuse("password", [messages.too_many_requests()])
            return self._render(self._verify.look(_token(), secret), form, 429)
        seen = self._verify.look(_token(), secret)
        if seen.step is Step.CHOOSE_PASSWORD and not form.validate():
            return self._render(seen, form, 422)
        city = self._pages.city_of(seen.continuation or self._pages.continuation())
        done = self._verify.by_link(_token(), secret, form.password.data, city.name if city else "", visitor)
        if done.problems:
            form.refuse("password", password_messages.messages(list(done.problems), self._policy))
            return self._render(done, form, 422)
        if done.step is not Step.VERIFIED:
            return self._render(done, form)
        typed_email.remember(done.email)
        flash(messages.address_verified(), "success")
        return self._pages.see_other("/sign-in", self._way_on(done), show="form")

    def again(self) -> Response:
        """Send a new link in place of one that expired."""
        match self._waiting.send_new_link(_token(), current_visitor()):
            case Resent.SENT:
                flash(gettext("We sent you a new email. Its link works for 24 hours."), "success")
            case Resent.TOO_SOON:
                flash(messages.mailed_a_moment_ago(), "info")
            case Resent.TOO_MANY:
                flash(messages.too_many_requests(), "warning")
            case Resent.GONE:
                pass
        return self._pages.see_other(PATH, self._pages.continuation(), token=_token())

    def _way_on(self, seen: Verification) -> Continuation:
        """Return where the resident was going when they registered, whichever browser this is."""
        return seen.continuation or self._pages.continuation()

    def _render(self, seen: Verification, form: ChoosePasswordForm, status: int = 200) -> Response:
        if seen.email and seen.step is Step.ALREADY_VERIFIED:
            typed_email.remember(seen.email)
        return self._pages.render(
            _TEMPLATES[seen.step],
            self._way_on(seen),
            status if status != 200 or seen.step in _GOOD else 400,  # noqa: PLR2004 - HTTP's own number
            form=form,
            seen=seen,
            token=_token(),
            was_replaced=seen.step is Step.REPLACED,
            password_hint=password_messages.hint(self._policy),
        )


def _token() -> str:
    return request.args.get("token", "")
