"""The response to a sign-in, by any method."""

from flask import Response

from identity.continuation import Continuation
from identity.web import typed_email
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession
from identity.web.devices import Devices
from identity.web.pages import Pages
from identity.web.sign_in_methods import SignInMethods


class SignedInResponse:
    """Sets the cookies of a new session and leads on to where the resident was going."""

    def __init__(
        self,
        pages: Pages,
        csrf: Csrf,
        current_session: CurrentSession,
        devices: Devices,
        methods: SignInMethods,
    ) -> None:
        self._pages = pages
        self._csrf = csrf
        self._current_session = current_session
        self._devices = devices
        self._methods = methods

    def redirect_to(
        self,
        continuation: Continuation,
        *,
        secret: str,
        remembered: bool,
        email_key: str | None,
        device_generation: int,
        method: str,
    ) -> Response:
        """Redirect to the continuation's page, with the session's cookie and a new CSRF token."""
        self._csrf.renew()
        typed_email.forget()
        response = self._pages.redirect_to(continuation)
        self._current_session.set_cookie(response, secret, remembered)
        if email_key:
            self._devices.remember(response, email_key, device_generation)
        self._methods.remember(response, method)
        return response
