"""The table of the protocol's endpoints that programs call, and of the one that browsers open most.

`/authorize` answers here what needs no page. `/end-session` and `/device` are pages.
"""

from dataclasses import dataclass

from identity.oidc.authorization.endpoint import AuthorizationEndpoint
from identity.oidc.endpoints.client_registration import RegistrationEndpoint
from identity.oidc.endpoints.device_authorization import DeviceAuthorizationEndpoint
from identity.oidc.endpoints.discovery import METADATA_PATHS, Discovery
from identity.oidc.endpoints.http_requests import HttpRequests
from identity.oidc.endpoints.introspection import Introspection
from identity.oidc.endpoints.jwks import Jwks
from identity.oidc.endpoints.pushed_requests import PushedRequestEndpoint
from identity.oidc.endpoints.revocation import TokenRevocation
from identity.oidc.endpoints.token import TokenEndpoint
from identity.oidc.endpoints.userinfo import UserInfo
from identity.web.api import READ, WRITE, Route, View


@dataclass(frozen=True, kw_only=True)
class ProtocolEndpoints:
    """The endpoints, and their table."""

    http: HttpRequests
    authorization: AuthorizationEndpoint
    discovery: Discovery
    jwks: Jwks
    token: TokenEndpoint
    introspection: Introspection
    revocation: TokenRevocation
    device_authorization: DeviceAuthorizationEndpoint
    pushed_requests: PushedRequestEndpoint
    client_registration: RegistrationEndpoint
    userinfo: UserInfo

    def routes(self) -> list[Route]:
        """Return the table. Scripts of any website may call all but `/authorize`: they read no cookie."""
        form = self.http.form
        table: list[tuple[str, tuple[str, ...], View]] = [
            *((path, READ, self.discovery.respond) for path in METADATA_PATHS),
            ("/jwks", READ, self.jwks.respond),
            ("/token", WRITE, form(self.token.respond)),
            ("/introspect", WRITE, form(self.introspection.respond)),
            ("/revoke", WRITE, form(self.revocation.respond)),
            ("/device_authorization", WRITE, self.http.form_with_address(self.device_authorization.respond)),
            ("/par", WRITE, form(self.pushed_requests.respond)),
            ("/register", WRITE, self.client_registration.register),
            ("/register/<client_id>", (*READ, "PUT", "DELETE"), self.client_registration.manage),
            ("/userinfo", (*READ, *WRITE), self.http.userinfo(self.userinfo.respond)),
        ]
        return [
            Route("/authorize", ("GET", "POST"), self.authorization.respond, has_page=True),
            *(Route(path, methods, view, cross_origin=True) for path, methods, view in table),
        ]
