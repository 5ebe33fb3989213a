"""The provider's routes; those that clients call by themselves answer in JSON, whatever happens."""

import logging
from collections.abc import Callable
from typing import TypeAlias

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from identity.oidc.answers import Answer, json_answer, method_not_allowed
from identity.oidc.authorization.routes import AuthorizationPages
from identity.oidc.device.authorization import DeviceAuthorizationEndpoint
from identity.oidc.device.routes import DevicePages
from identity.oidc.discovery import Discovery
from identity.oidc.introspection import Introspection
from identity.oidc.logout.routes import LogoutPages
from identity.oidc.parameters import Parameters
from identity.oidc.protocol_request import ProtocolRequest
from identity.oidc.server import ProtocolServer
from identity.oidc.token_revocation import TokenRevocation
from identity.oidc.userinfo import UserInfo
from identity.signing_keys.ring import MAX_AGE, KeyRing
from identity.web.visitor import current_visitor

_log = logging.getLogger(__name__)

_READ = ("GET", "HEAD")
_FORM = "application/x-www-form-urlencoded"
_LARGEST_BODY = 64 * 1024

View = Callable[[], Answer]
# What the application registers.
Routes: TypeAlias = Blueprint


class MachineEndpoints:
    """Routes of the machine endpoints."""

    def __init__(  # noqa: PLR0913, PLR0917 - the composition root names each of them
        self,
        server: ProtocolServer,
        introspection: Introspection,
        revocation: TokenRevocation,
        devices: DeviceAuthorizationEndpoint,
        userinfo: UserInfo,
        discovery: Discovery,
        ring: KeyRing,
        issuer: str,
    ) -> None:
        self._server, self._userinfo, self._discovery, self._ring = server, userinfo, discovery, ring
        self._introspection, self._revocation, self._devices = introspection, revocation, devices
        self._issuer = issuer
        self._methods: dict[str, tuple[str, ...]] = {}

    def add_to(self, blueprint: Blueprint) -> None:
        """Mount the endpoints."""
        for path, name, view, methods in (
            ("/.well-known/openid-configuration", "openid_configuration", self.metadata, _READ),
            ("/.well-known/oauth-authorization-server", "oauth_metadata", self.metadata, _READ),
            ("/jwks", "jwks", self.jwks, _READ),
            ("/token", "token", self.token, ("POST",)),
            ("/introspect", "introspect", self.introspect, ("POST",)),
            ("/revoke", "revoke", self.revoke, ("POST",)),
            ("/device_authorization", "device_authorization", self.device_authorization, ("POST",)),
            ("/userinfo", "userinfo", self.userinfo, (*_READ, "POST")),
        ):
            self._methods[path] = methods
            blueprint.add_url_rule(
                path,
                name,
                _guarded(view, methods),
                methods=[*methods, "OPTIONS"],
                provide_automatic_options=False,
            )
        blueprint.before_app_request(self.refuse_method)

    def refuse_method(self) -> Response | None:
        """Answer any other method in JSON too; for every other path the pages do."""
        methods = self._methods.get(request.path)
        if methods is None or not isinstance(request.routing_exception, MethodNotAllowed):
            return None
        return _response(method_not_allowed(methods))

    def metadata(self) -> Answer:
        """Serve the discovery document."""
        document = self._discovery.document()
        return _cached(document.body, document.etag)

    def jwks(self) -> Answer:
        """Serve the published keys (RFC 7517 §5)."""
        published = self._ring.published()
        return _cached(published.body, published.etag)

    def token(self) -> Answer:
        """Answer the token endpoint."""
        return self._to_form(self._server.token_response)

    def introspect(self) -> Answer:
        """Answer the introspection endpoint."""
        return self._to_form(self._introspection.respond)

    def revoke(self) -> Answer:
        """Answer the revocation endpoint."""
        return self._to_form(self._revocation.respond)

    def device_authorization(self) -> Answer:
        """Answer the device authorization endpoint."""
        ip_address = current_visitor().ip_address
        return self._to_form(lambda sent: self._devices.respond(sent, ip_address))

    def _to_form(self, respond: Callable[[ProtocolRequest], Answer]) -> Answer:
        """Answer what was sent as a form. Only that counts, never the query (RFC 6749 §3.2)."""
        if request.mimetype != _FORM:
            return json_answer(
                400, {"error": "invalid_request", "error_description": f"Send the parameters as {_FORM}."}
            )
        parameters = Parameters(request.form.items(multi=True))
        uri = f"{self._issuer}{request.path}"
        return respond(ProtocolRequest("POST", uri, parameters, request.headers.get("Authorization")))

    def userinfo(self) -> Answer:
        """Answer the UserInfo endpoint."""
        body_token = request.form.get("access_token") if request.method == "POST" else None
        return self._userinfo.respond(request.headers.get("Authorization"), body_token)


def blueprint(
    machine_endpoints: MachineEndpoints,
    authorization_pages: AuthorizationPages,
    logout_pages: LogoutPages,
    device_pages: DevicePages,
) -> Routes:
    """Return all routes of the provider.

    Those of `oidc` itself carry their own proof and are exempt from the protection of forms; the forms that
    the provider shows are in the nested blueprint `oidc.forms`, which is not exempt with it.
    """
    protocol = Blueprint("oidc", __name__)
    forms = Blueprint("forms", __name__)
    machine_endpoints.add_to(protocol)
    authorization_pages.add_to(protocol, forms)
    logout_pages.add_to(protocol, forms)
    device_pages.add_to(forms)
    protocol.register_blueprint(forms)
    return protocol


def _guarded(view: View, methods: tuple[str, ...]) -> Callable[[], Response]:
    """Answer in JSON whatever happens, and let scripts of any website call, without cookies (Fetch §3.2)."""

    def respond() -> Response:
        request.max_content_length = _LARGEST_BODY
        return _response(_preflight(methods) if request.method == "OPTIONS" else _answer(view))

    return respond


def _answer(view: View) -> Answer:
    try:
        return view()
    except HTTPException as error:
        return json_answer(error.code or 400, {"error": "invalid_request"})
    except Exception:  # noqa: BLE001 - whatever it is, a client gets JSON
        _log.exception("%s failed", request.path)
        return json_answer(500, {"error": "server_error"})


def _preflight(methods: tuple[str, ...]) -> Answer:
    allowed = ", ".join(methods)
    headers = [
        ("Allow", allowed),
        ("Access-Control-Allow-Methods", allowed),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
        ("Access-Control-Max-Age", "600"),
    ]
    return Answer(204, b"", headers)


def _cached(body: bytes, etag: str) -> Answer:
    headers = [("Cache-Control", f"public, max-age={MAX_AGE}"), ("ETag", f'"{etag}"')]
    if request.if_none_match.contains(etag):
        return Answer(304, b"", headers)
    return Answer(200, body, [("Content-Type", "application/json"), *headers])


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.headers.pop("Content-Type", None)
    for name, value in answer.headers:
        response.headers[name] = value
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
