"""The end-session endpoint and its pages (OpenID Connect RP-Initiated Logout 1.0)."""

from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, request

from identity.continuation import Continuation
from identity.oidc.logout.sign_out import PARAMETERS, LogoutRequest, RpInitiatedLogout
from identity.oidc.protocol.parameters import Parameters
from identity.web.current_session import CurrentSession
from identity.web.headers import form_action
from identity.web.pages import Pages
from identity.web.visitor import current_visitor


class LogoutPages:
    """Routes of the end-session endpoint."""

    def __init__(self, logout: RpInitiatedLogout, pages: Pages, current_session: CurrentSession) -> None:
        self._logout, self._pages, self._current_session = logout, pages, current_session

    def add_to(self, protocol: Blueprint, forms: Blueprint) -> None:
        """Mount the endpoint, and the confirmation, whose form is protected against forgery."""
        protocol.add_url_rule(
            "/end-session", "end_session", self.end_session, methods=["GET", "POST"], head=False
        )
        forms.add_url_rule("/end-session/confirm", "confirm_end_session", self.confirm, methods=["POST"])

    def end_session(self) -> Response:
        """Respond to a client's request by GET or POST (§2)."""
        sent = request.form if request.method == "POST" else request.args
        signed_in = self._current_session.load()
        if request.method == "POST" and signed_in is None:
            # A cross-site POST carries no cookies (SameSite=Lax); the same request by GET does.
            query = urlencode(list(sent.items(multi=True)))
            return self._pages.see_other(f"/end-session?{query}", Continuation())
        parameters = Parameters(sent.items(multi=True))
        logout = self._logout.read_request(parameters)
        if self._logout.needs_confirmation(logout, signed_in):
            return self._ask(logout, parameters)
        self._logout.sign_out(signed_in, logout.hint, current_visitor().ip_address)
        return self._signed_out(logout)

    def confirm(self) -> Response:
        """Sign out the resident who agreed; the parameters are checked again."""
        logout = self._logout.read_request(Parameters(request.form.items(multi=True)))
        self._logout.sign_out(self._current_session.load(), None, current_visitor().ip_address)
        return self._signed_out(logout)

    def _ask(self, logout: LogoutRequest, parameters: Parameters) -> Response:
        kept = [(name, value) for name in PARAMETERS if (value := parameters.get(name))]
        response = self._pages.render("oidc/sign_out.html", _of(logout), kept=kept, fault=logout.fault)
        return form_action(response, logout.return_to) if logout.return_to else response

    def _signed_out(self, logout: LogoutRequest) -> Response:
        if logout.return_to:
            response = make_response(redirect(logout.return_to, 303))
        else:
            response = self._pages.render("oidc/signed_out.html", _of(logout), fault=logout.fault)
        self._current_session.clear_cookie(response)
        return response


def _of(logout: LogoutRequest) -> Continuation:
    client = logout.client
    return Continuation(client_id=client.id, city_id=client.city_id) if client else Continuation()
