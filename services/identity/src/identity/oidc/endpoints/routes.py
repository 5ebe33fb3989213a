"""The provider's routes; those that clients call by themselves answer in JSON, whatever happens."""

import logging
from collections.abc import Callable, Collection
from typing import TypeAlias

import flask
from flask import Blueprint
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from identity.oidc.authorization.routes import AuthorizationPages
from identity.oidc.client_authentication.certificates import ClientCertificates, PresentedCertificate
from identity.oidc.device.routes import DevicePages
from identity.oidc.endpoints.client_registration import RegistrationEndpoint, RegistrationRequest
from identity.oidc.endpoints.device_authorization import DeviceAuthorizationEndpoint
from identity.oidc.endpoints.discovery import Discovery
from identity.oidc.endpoints.introspection import Introspection
from identity.oidc.endpoints.pushed_requests import PushedRequestEndpoint
from identity.oidc.endpoints.revocation import TokenRevocation
from identity.oidc.endpoints.token import TokenEndpoint
from identity.oidc.endpoints.userinfo import Presented, UserInfo
from identity.oidc.logout.routes import LogoutPages
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.protocol.responses import empty_response, json_response, method_not_allowed
from identity.oidc.sender_constraint.dpop import DpopProofs
from identity.signing_keys.key_set import MAX_AGE, KeySet
from identity.web.api import Endpoint
from identity.web.visitor import visitor_of

_log = logging.getLogger(__name__)

_READ = ("GET", "HEAD")
_FORM = "application/x-www-form-urlencoded"
_LARGEST_BODY = 64 * 1024

# Scripts of any website may call, without cookies (Fetch §3.2).
_FOR_ANY_WEBSITE = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate"),
)

# With the variable parts of its path, if it has any.
View = Callable[..., Response]
# What the application registers.
Routes: TypeAlias = Blueprint


class MachineEndpoints:
    """Routes of the machine endpoints."""

    def __init__(  # noqa: PLR0917 - the composition root names each of them
        self,
        token: TokenEndpoint,
        introspection: Introspection,
        revocation: TokenRevocation,
        devices: DeviceAuthorizationEndpoint,
        pushed_requests: PushedRequestEndpoint,
        registration: RegistrationEndpoint,
        userinfo: UserInfo,
        discovery: Discovery,
        key_set: KeySet,
        proofs: DpopProofs,
        certificates: ClientCertificates,
        issuer: str,
    ) -> None:
        self._token, self._userinfo, self._discovery, self._key_set = token, userinfo, discovery, key_set
        self._introspection, self._revocation, self._devices = introspection, revocation, devices
        self._pushed_requests, self._proofs, self._certificates = pushed_requests, proofs, certificates
        self._registration, self._issuer = registration, issuer
        # What has a path of its own, and what is below one.
        self.by_path: dict[str, Endpoint] = {}
        self._below: dict[str, Collection[str]] = {}

    def add_to(self, blueprint: Blueprint) -> None:
        """Mount the endpoints; from then on `by_path` holds them for the machines' own door too."""
        for path, name, view, methods in (
            ("/.well-known/openid-configuration", "openid_configuration", self.metadata, _READ),
            ("/.well-known/oauth-authorization-server", "oauth_metadata", self.metadata, _READ),
            ("/jwks", "jwks", self.jwks, _READ),
            ("/token", "token", self.token, ("POST",)),
            ("/introspect", "introspect", self.introspect, ("POST",)),
            ("/revoke", "revoke", self.revoke, ("POST",)),
            ("/device_authorization", "device_authorization", self.device_authorization, ("POST",)),
            ("/par", "par", self.par, ("POST",)),
            ("/register", "register", self.register, ("POST",)),
            ("/register/<client_id>", "client", self.client, (*_READ, "PUT", "DELETE")),
            ("/userinfo", "userinfo", self.userinfo, (*_READ, "POST")),
        ):
            answered = _guarded(view)
            folder, variable, _name = path.partition("<")
            if variable:
                self._below[folder] = methods
            else:
                self.by_path[path] = Endpoint(methods, answered)
            blueprint.add_url_rule(
                path,
                name,
                _routed(answered, methods),
                methods=[*methods, "OPTIONS"],
                provide_automatic_options=False,
            )
        blueprint.before_app_request(self.refuse_method)

    def refuse_method(self) -> Response | None:
        """Answer any other method in JSON too; for every other path the pages do."""
        path = flask.request.path
        own, below = self.by_path.get(path), self._below.get(path[: path.rfind("/") + 1])
        methods = own.methods if own else below
        if methods is None or not isinstance(flask.request.routing_exception, MethodNotAllowed):
            return None
        return _opened(method_not_allowed(methods))

    def metadata(self, request: Request) -> Response:
        """Serve the discovery document."""
        document = self._discovery.document()
        return _cached(request, document.body, document.etag)

    def jwks(self, request: Request) -> Response:
        """Serve the published keys (RFC 7517 §5)."""
        published = self._key_set.published()
        return _cached(request, published.body, published.etag)

    def token(self, request: Request) -> Response:
        """Answer the token endpoint."""
        return self._to_form(request, self._token.respond)

    def introspect(self, request: Request) -> Response:
        """Answer the introspection endpoint."""
        return self._to_form(request, self._introspection.respond)

    def revoke(self, request: Request) -> Response:
        """Answer the revocation endpoint."""
        return self._to_form(request, self._revocation.respond)

    def device_authorization(self, request: Request) -> Response:
        """Answer the device authorization endpoint."""
        ip_address = visitor_of(request).ip_address
        return self._to_form(request, lambda sent: self._devices.respond(sent, ip_address))

    def par(self, request: Request) -> Response:
        """Answer the pushed authorization request endpoint."""
        return self._to_form(request, self._pushed_requests.respond)

    def register(self, request: Request) -> Response:
        """Answer the client registration endpoint."""
        return self._registration.register(_registration_request(request))

    def client(self, request: Request, client_id: str) -> Response:
        """Answer the client configuration endpoint."""
        return self._registration.manage(_registration_request(request), client_id)

    def userinfo(self, request: Request) -> Response:
        """Answer the UserInfo endpoint."""
        body_token = request.form.get("access_token") if request.method == "POST" else None
        presented = Presented(
            request.method,
            request.headers.get("Authorization"),
            body_token,
            request.headers.get("DPoP"),
            self._certificate(request),
        )
        return self._with_nonce(request, self._userinfo.respond(presented))

    def _to_form(self, request: Request, respond: Callable[[ProtocolRequest], Response]) -> Response:
        """Answer what was sent as a form. Only that counts, never the query (RFC 6749 §3.2)."""
        if request.mimetype != _FORM:
            return json_response(
                400, {"error": "invalid_request", "error_description": f"Send the parameters as {_FORM}."}
            )
        sent = ProtocolRequest(
            "POST",
            f"{self._issuer}{request.path}",
            Parameters(request.form.items(multi=True)),
            request.headers.get("Authorization"),
            dpop_proof=request.headers.get("DPoP"),
            certificate=self._certificate(request),
        )
        return self._with_nonce(request, respond(sent))

    def _certificate(self, request: Request) -> PresentedCertificate | None:
        header = self._certificates.header
        return self._certificates.read(request.headers.get(header)) if header else None

    def _with_nonce(self, request: Request, response: Response) -> Response:
        """Hand out a nonce to whoever sends proofs (RFC 9449 §8.2)."""
        if "DPoP" in request.headers:
            response.headers["DPoP-Nonce"] = self._proofs.nonce()
        return response


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


def _registration_request(request: Request) -> RegistrationRequest:
    return RegistrationRequest(
        request.method,
        request.headers.get("Authorization"),
        request.mimetype,
        request.get_data(),
        visitor_of(request).ip_address,
    )


def _guarded(view: View) -> View:
    """Answer in JSON whatever happens."""

    def respond(request: Request, **path: str) -> Response:
        request.max_content_length = _LARGEST_BODY
        try:
            return _opened(view(request, **path))
        except HTTPException as error:
            return _opened(json_response(error.code or 400, {"error": "invalid_request"}))
        except Exception:  # noqa: BLE001 - whatever it is, a client gets JSON
            _log.exception("%s failed", request.path)
            return _opened(json_response(500, {"error": "server_error"}))

    return respond


def _routed(answered: View, methods: Collection[str]) -> Callable[..., Response]:
    """Answer as a route of Flask's what did not come in by the machines' own door."""

    def respond(**path: str) -> Response:
        if flask.request.method == "OPTIONS":
            return _opened(_preflight(methods))
        return answered(flask.request, **path)

    return respond


def _opened(response: Response) -> Response:
    response.headers.extend(_FOR_ANY_WEBSITE)
    return response


def _preflight(methods: Collection[str]) -> Response:
    allowed = ", ".join(methods)
    response = empty_response()
    response.headers.clear()
    response.headers.update(
        {
            "Allow": allowed,
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
            "Access-Control-Max-Age": "600",
        }
    )
    return response


def _cached(request: Request, body: bytes, etag: str) -> Response:
    headers = (("Cache-Control", f"public, max-age={MAX_AGE}"), ("ETag", f'"{etag}"'))
    if request.if_none_match.contains(etag):
        response = Response(status=304, headers=headers)
        del response.headers["Content-Type"]
        return response
    return Response(body, 200, (("Content-Type", "application/json"), *headers))
