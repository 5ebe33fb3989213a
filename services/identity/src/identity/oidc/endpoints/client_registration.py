"""The client registration endpoint (RFC 7591 §3) and the client configuration endpoint (RFC 7592 §2)."""

from collections.abc import Callable, Mapping

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc7591 import InvalidClientMetadataError, InvalidRedirectURIError
from werkzeug.wrappers import Request, Response

from identity.json_text import JsonRefusedError, read_json_object
from identity.oidc.client_registration.metadata import metadata_of, with_metadata_name
from identity.oidc.client_registration.registration import ClientSelfService, InvalidToken, Registered
from identity.oidc.protocol.errors import TooManyRequestsError
from identity.oidc.protocol.responses import error_response
from identity.rate_limits.limiter import Action, RateLimiter
from identity.relying_parties.schemas import RegistrationRefusedError
from identity.web.responses import REALM, empty_response, json_response
from identity.web.visitor import visitor_of

PATH = "/register"


class RegistrationEndpoint:
    """Answers clients that register, and clients that read, change or delete their registration."""

    def __init__(self, clients: ClientSelfService, rate_limiter: RateLimiter, issuer: str) -> None:
        self._clients, self._rate_limiter, self._endpoint = clients, rate_limiter, f"{issuer}{PATH}"

    def register(self, request: Request) -> Response:
        """Return 201 and what was registered, or the error (RFC 7591 §3.2)."""
        return self._respond(request, lambda token: self._register(request, token))

    def manage(self, request: Request, client_id: str) -> Response:
        """Read, replace or delete the client's registration (RFC 7592 §2.1 to §2.3)."""
        verbs = {"PUT": self._update, "DELETE": self._delete}
        verb = verbs.get(request.method, self._read)
        return self._respond(request, lambda token: verb(request, client_id, token))

    def _respond(self, request: Request, respond: Callable[[str], Response]) -> Response:
        if seconds := self._rate_limiter.network_waits(Action.REGISTRATION, visitor_of(request).ip_address):
            return error_response(TooManyRequestsError("registrations", seconds))
        token = _bearer_token(request)
        if token is None:
            # RFC 6750 §3.1: the response to a request without a token has no error code of the specification.
            challenge = ("WWW-Authenticate", f'Bearer realm="{REALM}"')
            return json_response(401, {"error": "missing_token"}, challenge)
        try:
            return respond(token)
        except RegistrationRefusedError as refusal:
            return error_response(_metadata_error(refusal))
        except OAuth2Error as error:
            return error_response(error)

    def _register(self, request: Request, token: str) -> Response:
        outcome = self._clients.register(token, _metadata(request), visitor_of(request).ip_address)
        return self._information(outcome, 201)

    def _read(self, _request: Request, client_id: str, token: str) -> Response:
        return self._information(self._clients.read(client_id, token))

    def _update(self, request: Request, client_id: str, token: str) -> Response:
        ip_address = visitor_of(request).ip_address
        return self._information(self._clients.update(client_id, token, _metadata(request), ip_address))

    def _delete(self, request: Request, client_id: str, token: str) -> Response:
        outcome = self._clients.delete(client_id, token, visitor_of(request).ip_address)
        if isinstance(outcome, InvalidToken):
            raise _invalid_token()
        return empty_response()

    def _information(self, outcome: Registered | InvalidToken, status: int = 200) -> Response:
        """Return the client information (RFC 7591 §3.2.1, RFC 7592 §3)."""
        if isinstance(outcome, InvalidToken):
            raise _invalid_token()
        client = outcome.client
        secret = {"client_secret": outcome.secret} if outcome.secret else {}
        expiry = {"client_secret_expires_at": 0} if client.uses_secret else {}
        information = {
            "client_id": client.id,
            "client_id_issued_at": int(outcome.registered_at.timestamp()),
            **secret,
            **expiry,
            "registration_access_token": outcome.token,
            "registration_client_uri": f"{self._endpoint}/{client.id}",
            **metadata_of(client),
        }
        return json_response(status, information)


def _bearer_token(request: Request) -> str | None:
    """Return the token of the `Authorization` header (RFC 6750 §2.1), the only place where it may be."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _metadata(request: Request) -> Mapping[str, object]:
    if request.mimetype != "application/json":
        raise InvalidClientMetadataError("Send the client's metadata as a JSON object, as application/json.")
    try:
        return read_json_object(request.get_data())
    except JsonRefusedError as error:
        raise InvalidClientMetadataError(_printable(f"The body {error}.")) from None


def _invalid_token() -> InvalidTokenError:
    return InvalidTokenError("The token is not valid here, or is used up.", realm=REALM)


def _metadata_error(refusal: RegistrationRefusedError) -> OAuth2Error:
    """Return the error that RFC 7591 §3.2.2 has for the refusal, its description in ASCII."""
    lines = "; ".join(with_metadata_name(line) for line in refusal.lines)
    description = _printable(lines)
    if any(line.startswith("redirect_uris") for line in refusal.lines):
        return InvalidRedirectURIError(description)
    return InvalidClientMetadataError(description)


def _printable(text: str) -> str:
    """Return the text in the characters that a description may have (RFC 6749 §5.2)."""
    return "".join(c if " " <= c <= "~" and c not in '"\\<>' else "?" for c in text)
