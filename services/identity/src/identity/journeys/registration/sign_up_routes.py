"""The page "Create an account"."""

from flask import Blueprint, Response, request
from flask_babel import get_locale

from identity.email_verification.verification import EmailVerification
from identity.journeys.registration.forms import SignUpForm
from identity.journeys.registration.sign_up import SignUp, SignUpDetails, WeakPassword
from identity.journeys.registration.store import PendingRegistrationView
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.passwords.policy import PasswordPolicy, PasswordProblem
from identity.web import login_hints, messages, password_messages, typed_email
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.pages import Pages
from identity.web.visitor import current_visitor


class SignUpPages:
    """The form, and the redirect to the page that waits for the code."""

    def __init__(
        self,
        *,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        policy: PasswordPolicy,
        browser_binding: BrowserBinding,
        verification: EmailVerification[PendingRegistrationView],
        sign_up: SignUp,
    ) -> None:
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._policy = policy
        self._browser_binding = browser_binding
        self._verification = verification
        self._sign_up = sign_up

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("sign_up", __name__)
        blueprint.get("/sign-up", endpoint="show_form")(self.show_form)
        blueprint.post("/sign-up", endpoint="submit")(self.submit)
        self._csrf.when_expired("sign_up.submit", self._show_expired_form)
        return blueprint

    def show_form(self) -> Response:
        """Show the form; after "Change the address" with the values of the pending registration."""
        form = SignUpForm()
        form.email.data = typed_email.recall() or login_hints.recall(self._pages.continuation().path)
        pending_id, secret = request.args.get("registration", ""), self._browser_binding.secret()
        if pending := self._verification.find_pending(pending_id, secret):
            form.email.data = pending.email
            form.first_name.data = pending.given_name
            form.last_name.data = pending.family_name
        return self._render(form)

    def submit(self) -> Response:
        """Take the form; free and taken addresses alike lead to the page that waits for the code."""
        form = SignUpForm(request.form)
        continuation = self._pages.continuation()
        city = self._pages.city_of(continuation)
        if not form.validate():
            # All errors at once, those of the password included.
            if form.password.data and not form.password.errors:
                self._refuse_password(form, self._sign_up.password_problems(_details(form), city))
            return self._render(form, 422)
        visitor = current_visitor()
        if seconds := self._rate_limiter.network_waits(Action.SIGN_UP, visitor.ip_address):
            return self._render(form, 429, messages.too_many_requests(seconds), seconds)
        outcome = self._sign_up.sign_up(
            _details(form),
            city=city,
            continuation=continuation,
            language=str(get_locale()),
            browser_secret=self._browser_binding.secret(),
            visitor=visitor,
        )
        if isinstance(outcome, WeakPassword):
            self._refuse_password(form, outcome.problems)
            return self._render(form, 422)
        typed_email.remember(form.email.data or "")
        response = self._pages.see_other(
            "/sign-up/check-email", continuation, registration=outcome.pending_id
        )
        self._browser_binding.remember(response, outcome.browser_secret)
        return response

    def _refuse_password(self, form: SignUpForm, problems: list[PasswordProblem]) -> None:
        form.refuse("password", password_messages.messages(problems, self._policy))

    def _render(
        self, form: SignUpForm, status: int = 200, failure: str = "", retry_after: int = 0
    ) -> Response:
        return self._pages.render(
            "registration/sign_up.html",
            self._pages.continuation(),
            status,
            retry_after=retry_after,
            form=form,
            failure=failure,
            password_hint=password_messages.hint(self._policy),
        )

    def _show_expired_form(self) -> Response:
        return self._render(SignUpForm(request.form), 400, failure=messages.page_too_old())


def _details(form: SignUpForm) -> SignUpDetails:
    return SignUpDetails(
        email=form.email.data or "",
        password=form.password.data or "",
        given_name=form.first_name.data or "",
        family_name=form.last_name.data or "",
    )
