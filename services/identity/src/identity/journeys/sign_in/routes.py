"""The sign-in page."""

from collections.abc import Hashable, Mapping

from flask import Blueprint, Response, request
from flask_babel import gettext

from identity import randomness
from identity.continuation import Continuation
from identity.journeys.sign_in.forms import SignInForm
from identity.journeys.sign_in.sign_in import Attempt, SignedInNow, SignIn
from identity.rate_limits.limiter import Action, RateLimiter
from identity.web import login_hints, messages, typed_email
from identity.web.browser_binding import BrowserBinding
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession, SignedIn
from identity.web.devices import Devices
from identity.web.marked_pages import MarkedPages
from identity.web.pages import Pages
from identity.web.sign_in_methods import PASSWORD, SignInMethods
from identity.web.signed_in_response import SignedInResponse
from identity.web.visitor import current_visitor

# Shows the form also in a browser that is signed in: after a registration there, or for another resident.
SHOW = "show"
EMPTY = "empty"
_TEMPLATE = "sign_in/sign_in.html"


class SignInPages:
    """The page with the form."""

    def __init__(
        self,
        *,
        pages: Pages,
        marked_pages: MarkedPages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        current_session: CurrentSession,
        devices: Devices,
        browser_binding: BrowserBinding,
        sign_in: SignIn,
        methods: SignInMethods,
        signed_in_response: SignedInResponse,
    ) -> None:
        self._pages = pages
        self._marked_pages = marked_pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._current_session = current_session
        self._devices = devices
        self._browser_binding = browser_binding
        self._sign_in = sign_in
        self._methods = methods
        self._signed_in_response = signed_in_response

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("sign_in", __name__)
        blueprint.get("/sign-in")(self.form)
        blueprint.post("/sign-in", endpoint="submit")(self.submit)
        self._csrf.when_expired("sign_in.submit", self._expired)
        return blueprint

    def form(self) -> Response:
        """Show the form; a resident who is signed in goes on, unless they must authenticate again."""
        continuation = self._pages.continuation()
        signed_in = self._current_session.load()
        show = request.args.get(SHOW, "")
        if signed_in and not continuation.reauthenticate and not show:
            return self._pages.redirect_to(continuation)
        return self._marked_pages.render(
            _TEMPLATE,
            continuation,
            self._facts(continuation, signed_in),
            {
                "email": "" if show == EMPTY else self._email(continuation, signed_in),
                "decline": _decline(continuation),
            },
            _empty_form,
        )

    def submit(self) -> Response:
        """Sign in, and go on to where the resident was going."""
        form = SignInForm(request.form)
        if not form.validate():
            return self._render(form, 422)
        typed_email.remember(form.email.data or "")
        visitor = current_visitor()
        if seconds := self._rate_limiter.network_waits(Action.SIGN_IN, visitor.ip_address):
            return self._render(form, 429, failure=messages.too_many_requests(seconds), retry_after=seconds)
        continuation = self._pages.continuation()
        address = form.email.address
        browser_secret = self._browser_binding.secret() or randomness.secret()
        outcome = self._sign_in.sign_in(
            Attempt(
                address=address,
                password=form.password.data or "",
                remember_me=bool(form.remember_me.data),
                device_id=self._devices.known_for(address.key),
                device_generation=self._devices.generations()(address.key),
                current=self._current_session.load(),
                continuation=continuation,
                visitor=visitor,
                browser_secret=browser_secret,
            )
        )
        if not isinstance(outcome, SignedInNow):
            response = self._render(form, 422, failure=gettext("Unable to sign in"), explain=True)
            self._browser_binding.remember(response, browser_secret)
            return response
        return self._signed_in_response.redirect_to(
            continuation,
            secret=outcome.secret,
            remembered=outcome.remembered,
            email_key=address.key,
            device_generation=outcome.device_generation,
            method=PASSWORD,
        )

    def _expired(self) -> Response:
        """Show a form with an expired token again; a resident who signed in in another tab goes on."""
        continuation = self._pages.continuation()
        if self._current_session.load() and not continuation.reauthenticate:
            return self._pages.redirect_to(continuation)
        failure = gettext("Your session has expired. Please try to sign in again.")
        return self._render(SignInForm(request.form), 400, failure=failure)

    def _email(self, continuation: Continuation, signed_in: SignedIn | None) -> str:
        """Return the address that the form begins with."""
        hint = login_hints.recall(continuation.path)
        if signed_in and continuation.reauthenticate:
            return hint or self._sign_in.email_of(signed_in.resident_id)
        return typed_email.recall() or hint

    def _facts(self, continuation: Continuation, signed_in: SignedIn | None) -> dict[str, Hashable]:
        """Return what the page offers this browser."""
        proves_again = bool(signed_in and continuation.reauthenticate)
        buttons = self._methods.offered(self._pages.city_of(continuation))
        only = self._sign_in.method_of(signed_in.resident_id) if signed_in and proves_again else ""
        return {
            "providers": tuple(button for button in buttons if not only or button.key == only),
            "last_used": self._methods.last_used(),
            "proves_again": proves_again,
            "by_password": only in ("", PASSWORD),
        }

    def _render(
        self,
        form: SignInForm,
        status: int,
        failure: str = "",
        *,
        explain: bool = False,
        retry_after: int = 0,
    ) -> Response:
        """Show the form again, with what was typed."""
        continuation = self._pages.continuation()
        return self._pages.render(
            _TEMPLATE,
            continuation,
            status,
            retry_after=retry_after,
            form=form,
            failure=failure,
            explain=explain,
            decline=_decline(continuation),
            **self._facts(continuation, self._current_session.load()),
        )


def _decline(continuation: Continuation) -> str:
    """Return the page that takes a no, if there is one."""
    return continuation.path if continuation.declinable else ""


def _empty_form(texts: Mapping[str, str]) -> Mapping[str, object]:
    return {"form": SignInForm(data={"email": texts["email"]}), "decline": texts["decline"]}
