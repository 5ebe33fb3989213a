"""The client registration endpoint (RFC 7591 §3) and the client configuration endpoint (RFC 7592 §2)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc7591 import InvalidClientMetadataError, InvalidRedirectURIError
from werkzeug.wrappers import Response

from identity.oidc.client_registration.metadata import in_metadata_words, metadata_of
from identity.oidc.client_registration.registration import ClientSelfService, Registered
from identity.oidc.protocol.errors import TooManyRequestsError
from identity.oidc.protocol.responses import empty_response, error_response, json_response
from identity.rate_limits.limiter import Action, RateLimiter
from identity.relying_parties.schemas import RegistrationRefusedError

PATH = "/register"
_REALM = "registration"
# Brackets in a body. A registration has a few dozen; thousands are there to exhaust whoever reads them.
_MOST_BRACKETS = 500


@dataclass(frozen=True)
class RegistrationRequest:
    """What came with a request."""

    method: str
    authorization_header: str | None
    content_type: str
    body: bytes
    ip_address: str

    @property
    def bearer_token(self) -> str | None:
        """Return the token of the header (RFC 6750 §2.1): no other place is looked at."""
        scheme, _, token = (self.authorization_header or "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None


class RegistrationEndpoint:
    """Answers clients that register themselves, and those that look after their registration."""

    def __init__(self, clients: ClientSelfService, rate_limiter: RateLimiter, issuer: str) -> None:
        self._clients, self._rate_limiter, self._endpoint = clients, rate_limiter, f"{issuer}{PATH}"

    def register(self, request: RegistrationRequest) -> Response:
        """Answer with 201 and what was registered, or the error (RFC 7591 §3.2)."""
        return self._respond(request, lambda token: self._register(request, token))

    def manage(self, request: RegistrationRequest, client_id: str) -> Response:
        """Answer a client about its own registration (RFC 7592 §2.1 to §2.3)."""
        verbs = {"PUT": self._update, "DELETE": self._leave}
        verb = verbs.get(request.method, self._look)
        return self._respond(request, lambda token: verb(request, client_id, token))

    def _respond(self, request: RegistrationRequest, respond: Callable[[str], Response]) -> Response:
        if not self._rate_limiter.allows_network(Action.REGISTRATION, request.ip_address):
            seconds = self._rate_limiter.seconds(Action.REGISTRATION)
            return error_response(TooManyRequestsError("registrations", seconds))
        token = request.bearer_token
        if token is None:
            # RFC 6750 §3.1: a request without a token is told no error code.
            return json_response(
                401, {"error": "missing_token"}, ("WWW-Authenticate", f'Bearer realm="{_REALM}"')
            )
        try:
            return respond(token)
        except RegistrationRefusedError as refusal:
            return error_response(_told(refusal))
        except OAuth2Error as error:
            return error_response(error)

    def _register(self, request: RegistrationRequest, token: str) -> Response:
        done = self._clients.register(token, _metadata(request), request.ip_address)
        return json_response(201, self._information(done))

    def _look(self, _request: RegistrationRequest, client_id: str, token: str) -> Response:
        return json_response(200, self._information(self._clients.look(client_id, token)))

    def _update(self, request: RegistrationRequest, client_id: str, token: str) -> Response:
        done = self._clients.update(client_id, token, _metadata(request), request.ip_address)
        return json_response(200, self._information(done))

    def _leave(self, request: RegistrationRequest, client_id: str, token: str) -> Response:
        if not self._clients.leave(client_id, token, request.ip_address):
            raise _refused()
        return empty_response()

    def _information(self, registered: Registered | None) -> dict[str, object]:
        """Return the client information (RFC 7591 §3.2.1, RFC 7592 §3)."""
        if registered is None:
            raise _refused()
        client = registered.client
        secret = {"client_secret": registered.secret} if registered.secret else {}
        expiry = {"client_secret_expires_at": 0} if client.uses_secret else {}
        return {
            "client_id": client.id,
            "client_id_issued_at": int(registered.registered_at.timestamp()),
            **secret,
            **expiry,
            "registration_access_token": registered.token,
            "registration_client_uri": f"{self._endpoint}/{client.id}",
            **metadata_of(client),
        }


def _metadata(request: RegistrationRequest) -> Mapping[str, object]:
    content = None
    if request.content_type == "application/json" and _brackets(request.body) <= _MOST_BRACKETS:
        try:
            content = json.loads(request.body)
        except ValueError:
            content = None
    if not isinstance(content, dict):
        raise InvalidClientMetadataError("Send the client's metadata as a JSON object, as application/json.")
    return content


def _brackets(body: bytes) -> int:
    return body.count(b"{") + body.count(b"[")


def _refused() -> InvalidTokenError:
    return InvalidTokenError("The token is not valid here, or is used up.", realm=_REALM)


def _told(refusal: RegistrationRefusedError) -> OAuth2Error:
    """Return the refusal as RFC 7591 §3.2.2 names it, in ASCII."""
    words = "; ".join(in_metadata_words(line) for line in refusal.lines)
    description = "".join(c if " " <= c <= "~" and c not in '"\\<>' else "?" for c in words)
    if any(line.startswith("redirect_uris") for line in refusal.lines):
        return InvalidRedirectURIError(description)
    return InvalidClientMetadataError(description)
