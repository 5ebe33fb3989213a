"""The parameters of an authorization request: plain, signed (RFC 9101), or pushed before (RFC 9126)."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from identity.oidc.authorization.pushed_requests import PREFIX, PushedRequests
from identity.oidc.authorization.request_objects import RequestObjects, ResolvedRequest
from identity.oidc.authorization.requests import AuthorizationRequests
from identity.oidc.protocol.parameters import Parameters
from identity.relying_parties.clients import RegisteredClient


class RequestResolver:
    """Finds the parameters that count, once, when a request comes in; later steps use the stored ones."""

    def __init__(
        self, requests: AuthorizationRequests, objects: RequestObjects, pushed: PushedRequests
    ) -> None:
        self._requests, self._objects, self._pushed = requests, objects, pushed

    def resolve(self, sent: Parameters) -> ResolvedRequest:
        """Return the parameters that count; those beside a `request_uri` or a `request` are ignored.

        Nothing is spent by it. Raises `UntrustedRedirectError`, `PushedRequestExpiredError`,
        `RequestAnsweredError`, and `OAuth2Error` for the client.
        """
        client = self._requests.find_client(sent)
        reference = sent.get("request_uri")
        if reference is not None and sent.get("request") is not None:
            raise InvalidRequestError("Send request or request_uri, not both.")
        if reference is not None and reference.startswith(PREFIX) and not sent.is_repeated("request_uri"):
            return self._pushed.find_request(reference, client)
        if client.require_pushed_authorization_requests:
            raise InvalidRequestError("This client has to push its authorization requests (RFC 9126).")
        return self.open_request_object(sent, client)

    def open_request_object(self, sent: Parameters, client: RegisteredClient) -> ResolvedRequest:
        """Return the parameters of the request object if there is one, else `sent`; raises `OAuth2Error`."""
        signed = sent.get("request")
        if sent.is_repeated("request"):
            raise InvalidRequestError("The parameter 'request' occurs more than once.")
        if signed is not None:
            return self._objects.read(signed, client)
        if client.require_signed_request_object and sent.get("request_uri") is None:
            raise InvalidRequestError("This client has to sign its authorization requests (RFC 9101).")
        return ResolvedRequest(sent)


def error_description(error: OAuth2Error) -> str:
    """Return the words for the developer of a client whose request cannot be answered by redirect."""
    return str(error.description or error.error)
