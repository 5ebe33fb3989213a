"""The answer to the profile page's question about a new address, and the page that takes the code."""

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response, flash, request
from flask_babel import gettext

from identity.email_verification.forms import CodeForm
from identity.journeys.federation.email_change import CodeRequest, EmailChange
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
    """Keeps or changes the address, and leads back to the profile."""

    def __init__(
        self,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        current_session: CurrentSession,
        email_change: EmailChange,
    ) -> None:
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._current_session = current_session
        self._email_change = email_change

    def blueprint(self) -> Blueprint:
        """Return the pages."""
        blueprint = Blueprint("email_change", __name__)
        blueprint.post(f"{_PATH}/keep", endpoint="keep_address")(self.keep_address)
        blueprint.post(f"{_PATH}/use", endpoint="request_code")(self.request_code)
        blueprint.get(_PATH, endpoint="show")(self.show)
        blueprint.post(_PATH, endpoint="confirm")(self.confirm)
        for endpoint in ("keep_address", "request_code", "confirm"):
            self._csrf.when_expired(f"email_change.{endpoint}", self._to_profile)
        return blueprint

    def keep_address(self) -> Response:
        """Keep the address."""
        return self._signed_in(self._keep_address)

    def request_code(self) -> Response:
        """Mail a code to the new one."""
        return self._signed_in(self._request_code)

    def show(self) -> Response:
        """Show the page that takes the code."""
        return self._signed_in(lambda current: self._render(current, CodeForm()))

    def confirm(self) -> Response:
        """Take the code."""
        return self._signed_in(self._confirm)

    def _keep_address(self, current: SignedIn) -> Response:
        self._email_change.keep_address(current)
        flash(gettext("Your address here stays as it is."), "success")
        return self._to_profile()

    def _request_code(self, current: SignedIn) -> Response:
        match self._email_change.request_code(current, current_visitor()):
            case CodeRequest.MAILED:
                return self._pages.see_other(_PATH, self._pages.continuation())
            case CodeRequest.SIGN_IN_AGAIN:
                again = replace(self._pages.continuation_to(_PROFILE), reauthenticate=True)
                return self._pages.see_other("/sign-in", again)
            case CodeRequest.NOT_OFFERED:
                pass
        return self._to_profile()

    def _confirm(self, current: SignedIn) -> Response:
        form, visitor = CodeForm(request.form), current_visitor()
        if not form.validate():
            return self._render(current, form, 422)
        if seconds := self._rate_limiter.network_waits(Action.PROOF, visitor.ip_address):
            form.refuse("code", [messages.too_many_requests(seconds)])
            return self._render(current, form, 429, seconds)
        result = self._email_change.confirm(current, form.code.data or "", visitor)
        if result is CodeResult.RIGHT:
            flash(gettext("Your email address is changed."), "success")
            return self._to_profile()
        form.refuse("code", [_code_message(result)])
        return self._render(current, form, 429 if result is CodeResult.TOO_MANY else 422)

    def _render(self, current: SignedIn, form: CodeForm, status: int = 200, retry_after: int = 0) -> Response:
        offered = self._email_change.offered_address(current)
        if not offered:
            return self._to_profile()
        return self._pages.render(
            "federation/confirm_email_change.html",
            self._pages.continuation(),
            status,
            retry_after=retry_after,
            form=form,
            email=offered,
            is_refused=self._email_change.is_refused(offered),
        )

    def _to_profile(self) -> Response:
        return self._pages.see_other(_PROFILE, self._pages.continuation())

    def _signed_in(self, then: Callable[[SignedIn], Response]) -> Response:
        current = self._current_session.load()
        if current is None:
            return self._pages.see_other("/sign-in", self._pages.continuation_to(_PROFILE))
        return then(current)


def _code_message(result: CodeResult) -> str:
    if result is CodeResult.WRONG:
        return str(gettext("This is not the code in our newest email. Check it and type it again."))
    if result is CodeResult.TOO_MANY:
        return str(gettext("Too many wrong codes were typed. Try again tomorrow."))
    return str(gettext("This code is no longer valid. Go back to your profile and ask for a new one."))
