"""The page "Reset your password", behind the mailed link."""

from flask import Blueprint, Response, flash, request
from flask_babel import gettext

from identity.journeys.recovery.forms import ResetPasswordForm
from identity.journeys.recovery.reset_password import InvalidLink, ResetPassword, ValidLink, WeakPassword
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.passwords.policy import PasswordPolicy
from identity.web import link_tokens, messages, password_messages, typed_email
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.visitor import current_visitor


class ResetPages:
    """The page of the link: a form (GET changes nothing), and what it does (POST)."""

    def __init__(
        self,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        policy: PasswordPolicy,
        current_session: CurrentSession,
        reset: ResetPassword,
    ) -> None:
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._policy = policy
        self._current_session = current_session
        self._reset = reset

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("reset", __name__)
        blueprint.get("/reset-password")(self.show)
        blueprint.post("/reset-password", endpoint="submit")(self.submit)
        self._csrf.when_expired("reset.submit", self._expired)
        return blueprint

    def show(self) -> Response:
        """Show the form for a new password."""
        form = ResetPasswordForm()
        form.sign_out_others.data = True
        return self._render(self._reset.find_link(link_tokens.current()), form)

    def submit(self) -> Response:
        """Set the new password."""
        form = ResetPasswordForm(request.form)
        link = self._reset.find_link(link_tokens.current())
        if isinstance(link, InvalidLink):
            return self._render(link, form)
        if not form.validate():
            return self._render(link, form, 422)
        visitor = current_visitor()
        if seconds := self._rate_limiter.network_waits(Action.PROOF, visitor.ip_address):
            return self._render(link, form, 429, messages.too_many_requests(seconds), seconds)
        current = self._current_session.load()
        city = self._pages.city_of(link.continuation)
        outcome = self._reset.reset(
            link_tokens.current(),
            form.password.data or "",
            sign_out_others=bool(form.sign_out_others.data),
            current_sid=current.sid if current else None,
            city_name=city.name if city else "",
            visitor=visitor,
        )
        if isinstance(outcome, InvalidLink):
            return self._render(outcome, form)
        if isinstance(outcome, WeakPassword):
            form.refuse("password", password_messages.messages(outcome.problems, self._policy))
            return self._render(outcome.link, form, 422)
        typed_email.remember(outcome.link.email)
        flash(gettext("Your password was changed. Sign in with the new one."), "success")
        return self._pages.see_other("/sign-in", outcome.link.continuation, show="form")

    def _expired(self) -> Response:
        form = ResetPasswordForm(request.form)
        return self._render(self._reset.find_link(link_tokens.current()), form, 400, messages.page_too_old())

    def _render(
        self,
        link: ValidLink | InvalidLink,
        form: ResetPasswordForm,
        status: int = 200,
        failure: str = "",
        retry_after: int = 0,
    ) -> Response:
        if isinstance(link, InvalidLink):
            continuation = link.continuation or self._pages.continuation()
            return self._pages.render("recovery/reset_link_invalid.html", continuation, 400)
        return self._pages.render(
            "recovery/reset_password.html",
            link.continuation,
            status,
            retry_after=retry_after,
            form=form,
            failure=failure,
            email=link.email,
            password_hint=password_messages.hint(self._policy),
        )
