"""The page that takes the code from the mail, after a right password was not enough."""

from flask import Blueprint, Response, request
from flask_babel import gettext

from identity.email_verification.forms import CodeForm
from identity.journeys.sign_in.sign_in import SignedInNow
from identity.journeys.sign_in.sign_in_by_code import CodeAttempt, SignInByCode
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.accounts.addresses import parse
from identity.web import messages, typed_email
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.devices import Devices
from identity.web.pages import Pages
from identity.web.sign_in_methods import PASSWORD
from identity.web.signed_in_response import SignedInResponse
from identity.web.visitor import current_visitor


class SignInCodePages:
    """The page, which looks the same whether a code was mailed or not."""

    def __init__(
        self,
        *,
        pages: Pages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        current_session: CurrentSession,
        devices: Devices,
        browser_binding: BrowserBinding,
        sign_in_by_code: SignInByCode,
        signed_in_response: SignedInResponse,
    ) -> None:
        self._pages, self._csrf, self._rate_limiter = pages, csrf, rate_limiter
        self._current_session, self._devices = current_session, devices
        self._browser_binding = browser_binding
        self._sign_in_by_code, self._signed_in_response = sign_in_by_code, signed_in_response

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("sign_in_code", __name__)
        blueprint.get("/sign-in/code")(self.form)
        blueprint.post("/sign-in/code", endpoint="submit")(self.submit)
        self._csrf.when_expired("sign_in_code.submit", self._expired)
        return blueprint

    def form(self) -> Response:
        """Show the form; a browser in which no address was typed begins anew."""
        return self._render(CodeForm())

    def submit(self) -> Response:
        """Take the code, and go on to where the resident was going."""
        form, email = CodeForm(request.form), typed_email.recall()
        if not email or not form.validate():
            return self._render(form, 422)
        visitor = current_visitor()
        if seconds := self._rate_limiter.network_waits(Action.PROOF, visitor.ip_address):
            form.refuse("code", [messages.too_many_requests(seconds)])
            return self._render(form, 429, retry_after=seconds)
        address, continuation = parse(email), self._pages.continuation()
        outcome = self._sign_in_by_code.sign_in(
            CodeAttempt(
                address=address,
                code=form.code.data or "",
                browser_secret=self._browser_binding.secret(),
                device_id=self._devices.known_for(address.key),
                device_generation=self._devices.generations()(address.key),
                current=self._current_session.load(),
                continuation=continuation,
                visitor=visitor,
            )
        )
        if not isinstance(outcome, SignedInNow):
            refusal = gettext(
                "This is not the code in our newest email, or it no longer works. Sign in again for another."
            )
            form.refuse("code", [refusal])
            return self._render(form, 422)
        return self._signed_in_response.redirect_to(
            continuation,
            secret=outcome.secret,
            remembered=outcome.remembered,
            email_key=address.key,
            device_generation=outcome.device_generation,
            method=PASSWORD,
        )

    def _expired(self) -> Response:
        return self._render(CodeForm(request.form), 400, messages.page_too_old())

    def _render(self, form: CodeForm, status: int = 200, failure: str = "", retry_after: int = 0) -> Response:
        continuation, email = self._pages.continuation(), typed_email.recall()
        if not email:
            return self._pages.see_other("/sign-in", continuation)
        return self._pages.render(
            "sign_in/code.html",
            continuation,
            status,
            retry_after=retry_after,
            form=form,
            failure=failure,
            email=email,
        )
