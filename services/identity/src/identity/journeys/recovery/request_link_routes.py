"""The pages that ask for a mail: "Forgot password?" and "Unlock account?"."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from flask_babel import get_locale

from identity.journeys.recovery.forms import ForgotPasswordForm, UnlockAccountForm
from identity.journeys.recovery.request_link import RecoveryRequest, RequestRecoveryLink
from identity.rate_limits.limiter import Action, RateLimiter
from identity.web import login_hints, messages, typed_email
from identity.web.csrf import Csrf
from identity.web.devices import Devices
from identity.web.marked_pages import MarkedPages
from identity.web.pages import Pages
from identity.web.visitor import current_visitor

AnyForm = ForgotPasswordForm | UnlockAccountForm


class RequestPages:
    """The two pages, and the pages that follow them."""

    def __init__(
        self,
        pages: Pages,
        marked_pages: MarkedPages,
        csrf: Csrf,
        rate_limiter: RateLimiter,
        devices: Devices,
        ask: RequestRecoveryLink,
    ) -> None:
        self._pages = pages
        self._marked_pages = marked_pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._devices = devices
        self._ask = ask

    def blueprint(self) -> Blueprint:
        """Return the pages."""
        blueprint = Blueprint("recovery", __name__)
        for name, form, verb in (
            ("forgot-password", ForgotPasswordForm, self._ask.forgot_password),
            ("unlock-account", UnlockAccountForm, self._ask.unlock_account),
        ):
            page = _RequestPage(
                self._pages,
                self._marked_pages,
                self._rate_limiter,
                self._devices,
                name=name,
                form=form,
                verb=verb,
            )
            endpoint = name.replace("-", "_")
            blueprint.add_url_rule(f"/{name}", f"{endpoint}_form", page.form, methods=["GET"])
            blueprint.add_url_rule(f"/{name}", f"{endpoint}_submit", page.submit, methods=["POST"])
            blueprint.add_url_rule(f"/{name}/email-sent", f"{endpoint}_sent", page.sent, methods=["GET"])
            self._csrf.when_expired(f"recovery.{endpoint}_submit", page.expired)
        return blueprint


class _RequestPage:
    def __init__(
        self,
        pages: Pages,
        marked_pages: MarkedPages,
        rate_limiter: RateLimiter,
        devices: Devices,
        *,
        name: str,
        form: type[AnyForm],
        verb: Callable[[RecoveryRequest], None],
    ) -> None:
        self._pages = pages
        self._marked_pages = marked_pages
        self._rate_limiter = rate_limiter
        self._devices = devices
        self._path = f"/{name}"
        self._template = f"recovery/{name.replace('-', '_')}.html"
        self._sent_template = f"recovery/{name.replace('-', '_')}_sent.html"
        self._form = form
        self._verb = verb

    def form(self) -> Response:
        continuation = self._pages.continuation()
        email = typed_email.recall() or login_hints.recall(continuation.path)
        return self._marked_pages.render(
            self._template, continuation, {}, {"email": email}, lambda texts: {"form": self._form(data=texts)}
        )

    def submit(self) -> Response:
        form = self._form(request.form)
        if not form.validate():
            return self._render(form, 422)
        typed_email.remember(form.email.data or "")
        visitor = current_visitor()
        continuation = self._pages.continuation()
        address = form.email.address
        is_known_device = self._devices.known_for(address.key) is not None
        typed = RecoveryRequest(address, str(get_locale()), continuation, visitor, is_known_device)
        # The places of the owner's device are its own, whatever its neighbours ask for.
        if not is_known_device and (
            seconds := self._rate_limiter.network_waits(Action.MAIL, visitor.ip_address)
        ):
            return self._render(form, 429, messages.too_many_requests(seconds), seconds)
        self._verb(typed)
        return self._pages.see_other(f"{self._path}/email-sent", continuation)

    def sent(self) -> Response:
        email = typed_email.recall()
        if not email:
            return self._pages.see_other(self._path, self._pages.continuation())
        return self._pages.render(self._sent_template, self._pages.continuation(), email=email)

    def expired(self) -> Response:
        return self._render(self._form(request.form), 400, messages.page_too_old())

    def _render(self, form: AnyForm, status: int, failure: str = "", retry_after: int = 0) -> Response:
        return self._pages.render(
            self._template,
            self._pages.continuation(),
            status,
            retry_after=retry_after,
            form=form,
            failure=failure,
        )
