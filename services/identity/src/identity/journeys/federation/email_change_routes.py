"""The answer to the question on the profile page, and the page that takes the code."""

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response, flash, request
from flask_babel import gettext

from identity.journeys.federation.email_change import CodeRequest, EmailChange
from identity.journeys.federation.forms import NewAddressForm
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.one_time_codes.store import CodeResult
from identity.web import messages
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession, SignedIn
from identity.web.pages import Pages
from identity.web.visitor import current_visitor

_PROFILE = "/profile"
_PATH = "/profile/provider-email"


class EmailChangePages:
    """Takes the answer and leads back to the profile."""

    def __init__(
        self,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        current_session: CurrentSession,
        answer: EmailChange,
    ) -> None:
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._current_session = current_session
        self._answer = answer

    def blueprint(self) -> Blueprint:
        """Return the pages."""
        blueprint = Blueprint("federation_offer", __name__)
        blueprint.post(f"{_PATH}/keep", endpoint="keep")(self.keep)
        blueprint.post(f"{_PATH}/use", endpoint="use")(self.use)
        blueprint.get(_PATH, endpoint="show")(self.show)
        blueprint.post(_PATH, endpoint="confirm")(self.confirm)
        for endpoint in ("keep", "use", "confirm"):
            self._csrf.when_expired(f"federation_offer.{endpoint}", self._back)
        return blueprint

    def keep(self) -> Response:
        """Keep the address."""
        return self._signed_in(self._keep)

    def use(self) -> Response:
        """Mail a code to the new one."""
        return self._signed_in(self._use)

    def show(self) -> Response:
        """Show the page that waits for the code."""
        return self._signed_in(lambda current: self._render(current, NewAddressForm()))

    def confirm(self) -> Response:
        """Take the code."""
        return self._signed_in(self._confirm)

    def _keep(self, current: SignedIn) -> Response:
        self._answer.keep(current)
        flash(gettext("Your address here stays as it is."), "success")
        return self._back()

    def _use(self, current: SignedIn) -> Response:
        match self._answer.use(current, current_visitor()):
            case CodeRequest.MAILED:
                return self._pages.see_other(_PATH, self._pages.continuation())
            case CodeRequest.SIGN_IN_AGAIN:
                again = replace(self._pages.continuation_to(_PROFILE), reauthenticate=True)
                return self._pages.see_other("/sign-in", again)
            case CodeRequest.TOO_MANY:
                flash(messages.too_many_requests(), "warning")
            case CodeRequest.GONE:
                pass
        return self._back()

    def _confirm(self, current: SignedIn) -> Response:
        form, visitor = NewAddressForm(request.form), current_visitor()
        if not form.validate():
            return self._render(current, form, 422)
        if not self._rate_limiter.allows_network(Action.PROOF, visitor.ip_address):
            form.refuse("code", [messages.too_many_requests()])
            return self._render(current, form, 429)
        result = self._answer.confirm(current, form.code.data or "", visitor)
        if result is CodeResult.RIGHT:
            flash(gettext("Your email address is changed."), "success")
            return self._back()
        form.refuse("code", [_code_words(result)])
        return self._render(current, form, 422)

    def _render(self, current: SignedIn, form: NewAddressForm, status: int = 200) -> Response:
        offered = self._answer.offered(current)
        if not offered:
            return self._back()
        return self._pages.render(
            "federation/confirm_email_change.html",
            self._pages.continuation(),
            status,
            form=form,
            email=offered,
        )

    def _back(self) -> Response:
        return self._pages.see_other(_PROFILE, self._pages.continuation())

    def _signed_in(self, then: Callable[[SignedIn], Response]) -> Response:
        current = self._current_session.load()
        if current is None:
            return self._pages.see_other("/sign-in", self._pages.continuation_to(_PROFILE))
        return then(current)


def _code_words(result: CodeResult) -> str:
    if result is CodeResult.WRONG:
        return str(gettext("This is not the code in our newest email. Check it and type it again."))
    return str(gettext("This code is no longer valid. Go back to your profile and ask for a new one."))
