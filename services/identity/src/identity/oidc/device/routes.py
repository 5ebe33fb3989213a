"""The page where a resident allows a device (RFC 8628 §3.3).

A link alone never allows a device (§5.4): the resident sends the code with a form, and the decision with a
second form in the same browser.
"""

from flask import Blueprint, Response, flash, request
from flask import session as page_state
from flask_babel import gettext

from identity import typed_codes
from identity.continuation import Continuation
from identity.oidc.device.approval import DeviceApproval, DeviceRequest, NotFound, TooManyCodes
from identity.oidc.device.forms import UserCodeForm
from identity.oidc.endpoints.device_authorization import PAGE
from identity.web import messages
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.visitor import current_visitor

# In the signed page state: the codes that were typed in this browser, by device id.
_TYPED_CODES = "devices"
_MOST_CODES = 3


class DevicePages:
    """Routes of the page: the form for the code, then the question."""

    def __init__(
        self, approval: DeviceApproval, pages: Pages, current_session: CurrentSession, csrf: Csrf
    ) -> None:
        self._approval, self._pages, self._current_session = approval, pages, current_session
        csrf.when_expired("oidc.forms.device_code", self._expired)

    def add_to(self, forms: Blueprint) -> None:
        """Mount the page, whose forms are protected against forgery."""
        forms.add_url_rule(PAGE, "device", self.form, methods=["GET"])
        forms.add_url_rule(PAGE, "device_code", self.submit, methods=["POST"])
        confirmation = f"{PAGE}/confirm/<device_id>"
        forms.add_url_rule(confirmation, "device_confirm", self.ask, methods=["GET"])
        forms.add_url_rule(confirmation, "device_reply", self.reply, methods=["POST"])

    def form(self) -> Response:
        """Show the form, filled in from `verification_uri_complete` (§3.3.1)."""
        code = typed_codes.parse(request.args.get("user_code", ""))
        return self._form(UserCodeForm(user_code=typed_codes.formatted(code) if code else ""))

    def submit(self) -> Response:
        """Find the device and redirect to the question."""
        form = UserCodeForm(request.form)
        if not form.validate():
            return self._form(form, 422)
        found = self._approval.find_by_user_code(form.user_code.data or "", current_visitor())
        if isinstance(found, TooManyCodes):
            form.refuse("user_code", [messages.too_many_requests(found.retry_after)])
            return self._form(form, 429, retry_after=found.retry_after)
        if isinstance(found, NotFound):
            form.refuse("user_code", [_not_found_text()])
            return self._form(form, 422)
        typed = dict(page_state.get(_TYPED_CODES, {}))
        typed[found.device.id] = typed_codes.formatted(typed_codes.parse(form.user_code.data or "") or "")
        page_state[_TYPED_CODES] = dict(list(typed.items())[-_MOST_CODES:])
        return self._pages.see_other(f"{PAGE}/confirm/{found.device.id}", Continuation())

    def ask(self, device_id: str) -> Response:
        """Show what the device asks for; redirect to sign-in without a session."""
        waiting = self._find_device(device_id)
        if waiting is None:
            return self._not_found()
        if (signed_in := self._current_session.load()) is None:
            return self._pages.see_other("/sign-in", self._continuation(waiting))
        return self._pages.render(
            "oidc/device/confirm.html",
            self._continuation(waiting),
            code=page_state[_TYPED_CODES][device_id],
            email=self._approval.email_of(signed_in),
            scope=waiting.device.scope.split(),
            resources=waiting.resources,
        )

    def reply(self, device_id: str) -> Response:
        """Record the resident's decision."""
        waiting, signed_in = self._find_device(device_id), self._current_session.load()
        if waiting is None:
            return self._not_found()
        answer = request.form.get("answer")
        if signed_in is None or answer not in ("yes", "no"):
            return self._pages.see_other(f"{PAGE}/confirm/{device_id}", Continuation())
        if answer == "yes":
            in_time = self._approval.allow_device(waiting, signed_in, current_visitor())
        else:
            in_time = self._approval.deny_device(waiting)
        page_state[_TYPED_CODES] = {k: v for k, v in page_state[_TYPED_CODES].items() if k != device_id}
        if not in_time:
            return self._not_found()
        return self._pages.render(
            "oidc/device/done.html", self._continuation(waiting), is_allowed=answer == "yes"
        )

    def _find_device(self, device_id: str) -> DeviceRequest | None:
        was_typed_here = device_id in page_state.get(_TYPED_CODES, {})
        return self._approval.find_device(device_id) if was_typed_here else None

    def _continuation(self, waiting: DeviceRequest) -> Continuation:
        client = waiting.client
        return Continuation(f"{PAGE}/confirm/{waiting.device.id}", client.id, client.city_id)

    def _form(
        self, form: UserCodeForm, status: int = 200, failure: str = "", retry_after: int = 0
    ) -> Response:
        return self._pages.render(
            "oidc/device/code.html",
            self._pages.continuation(),
            status,
            retry_after=retry_after,
            form=form,
            failure=failure,
        )

    def _not_found(self) -> Response:
        flash(_not_found_text(), "warning")
        return self._pages.see_other(PAGE, self._pages.continuation())

    def _expired(self) -> Response:
        return self._form(UserCodeForm(request.form), 400, failure=messages.page_too_old())


def _not_found_text() -> str:
    return str(gettext("This code is not right, or it has expired. Look at the screen of the device again."))
