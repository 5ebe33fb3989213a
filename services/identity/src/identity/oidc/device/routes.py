"""The page where a resident allows a device (RFC 8628 §3.3).

Opening it never allows anything, whatever its address says: the code is sent by a form, and the question is
answered by another, in the browser that sent the first (§5.4).
"""

from flask import Blueprint, Response, flash, request
from flask import session as page_state
from flask_babel import gettext

from identity.continuation import Continuation
from identity.oidc.device import user_codes
from identity.oidc.device.approval import Asked, DeviceApproval, NotFound
from identity.oidc.device.forms import UserCodeForm
from identity.oidc.endpoints.device_authorization import PAGE
from identity.web import messages
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.pages import Pages
from identity.web.visitor import current_visitor

# Which devices this browser typed the code of: id to code, of the page's own signed cookie.
_TYPED_HERE = "devices"
_MOST_AT_ONCE = 3


class DevicePages:
    """Asks for the code, then for yes or no."""

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
        """Show the form, filled in if the device put its code into the address (§3.3.1)."""
        code = user_codes.read(request.args.get("user_code", ""))
        return self._form(UserCodeForm(user_code=user_codes.shown(code) if code else ""))

    def submit(self) -> Response:
        """Find the device, and go on to the question."""
        form = UserCodeForm(request.form)
        if not form.validate():
            return self._form(form, 422)
        found = self._approval.look_up(form.user_code.data or "", current_visitor())
        if found is NotFound.TOO_MANY:
            form.refuse("user_code", [messages.too_many_requests()])
            return self._form(form, 429)
        if isinstance(found, NotFound):
            form.refuse("user_code", [_not_found()])
            return self._form(form, 422)
        typed = dict(page_state.get(_TYPED_HERE, {}))
        typed[found.device.id] = user_codes.shown(user_codes.read(form.user_code.data or "") or "")
        page_state[_TYPED_HERE] = dict(list(typed.items())[-_MOST_AT_ONCE:])
        return self._pages.see_other(f"{PAGE}/confirm/{found.device.id}", Continuation())

    def ask(self, device_id: str) -> Response:
        """Show what the device asks for; whoever is not signed in does that first."""
        asked = self._asked(device_id)
        if asked is None:
            return self._gone()
        if (signed_in := self._current_session.load()) is None:
            return self._pages.see_other("/sign-in", self._continuation(asked))
        return self._pages.render(
            "oidc/device/confirm.html",
            self._continuation(asked),
            code=page_state[_TYPED_HERE][device_id],
            email=self._approval.email_of(signed_in),
            scope=asked.device.scope.split(),
            resources=asked.resources,
        )

    def reply(self, device_id: str) -> Response:
        """Take the answer."""
        asked, signed_in = self._asked(device_id), self._current_session.load()
        if asked is None:
            return self._gone()
        answer = request.form.get("answer")
        if signed_in is None or answer not in ("yes", "no"):
            return self._pages.see_other(f"{PAGE}/confirm/{device_id}", Continuation())
        if answer == "yes":
            in_time = self._approval.allow(asked, signed_in, current_visitor())
        else:
            in_time = self._approval.refuse(asked)
        page_state[_TYPED_HERE] = {k: v for k, v in page_state[_TYPED_HERE].items() if k != device_id}
        if not in_time:
            return self._gone()
        return self._pages.render(
            "oidc/device/done.html", self._continuation(asked), is_allowed=answer == "yes"
        )

    def _asked(self, device_id: str) -> Asked | None:
        return self._approval.find(device_id) if device_id in page_state.get(_TYPED_HERE, {}) else None

    def _continuation(self, asked: Asked) -> Continuation:
        client = asked.client
        return Continuation(f"{PAGE}/confirm/{asked.device.id}", client.id, client.city_id)

    def _form(self, form: UserCodeForm, status: int = 200, failure: str = "") -> Response:
        return self._pages.render(
            "oidc/device/code.html", self._pages.continuation(), status, form=form, failure=failure
        )

    def _gone(self) -> Response:
        flash(_not_found(), "warning")
        return self._pages.see_other(PAGE, self._pages.continuation())

    def _expired(self) -> Response:
        return self._form(UserCodeForm(request.form), 400, failure=messages.page_too_old())


def _not_found() -> str:
    return str(gettext("This code is not right, or it has expired. Look at the screen of the device again."))
