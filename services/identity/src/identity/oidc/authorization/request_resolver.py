"""How an authorization request comes in: plain, signed (RFC 9101), or pushed beforehand (RFC 9126)."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from identity.oidc.authorization.pushed_requests import PREFIX, PushedRequests
from identity.oidc.authorization.request_objects import RequestObjects
from identity.oidc.authorization.requests import AuthorizationRequests
from identity.oidc.protocol.parameters import Parameters
from identity.relying_parties.clients import RegisteredClient


class PushedRequestOverError(Exception):
    """The pushed request is over: used, or older than a minute. The client has to push anew."""


class RequestResolver:
    """Finds the parameters that count, once, when a request comes in; later steps go on with them."""

    def __init__(
        self, requests: AuthorizationRequests, objects: RequestObjects, pushed: PushedRequests
    ) -> None:
        self._requests, self._objects, self._pushed = requests, objects, pushed

    def resolve(self, sent: Parameters) -> Parameters:
        """Return the parameters that count; everything beside a reference or an object is ignored.

        Raises `UntrustedRedirectError`, `PushedRequestOverError`, and `OAuth2Error` for the client.
        """
        client = self._requests.client(sent)
        reference = sent.get("request_uri")
        if reference is not None and sent.get("request") is not None:
            raise InvalidRequestError("Send request or request_uri, not both.")
        if reference is not None and reference.startswith(PREFIX) and not sent.is_repeated("request_uri"):
            return self._take(reference, client)
        if client.require_pushed_authorization_requests:
            raise InvalidRequestError("This client has to push its authorization requests (RFC 9126).")
        return self.opened(sent, client)

    def opened(self, sent: Parameters, client: RegisteredClient) -> Parameters:
        """Return the parameters out of the request object, if there is one; raises `OAuth2Error`."""
        signed = sent.get("request")
        if sent.is_repeated("request"):
            raise InvalidRequestError("The parameter 'request' occurs more than once.")
        if signed is not None:
            return self._objects.read(signed, client)
        if client.require_signed_request_object and sent.get("request_uri") is None:
            raise InvalidRequestError("This client has to sign its authorization requests (RFC 9101).")
        return sent

    def _take(self, reference: str, client: RegisteredClient) -> Parameters:
        parameters = self._pushed.take(reference, client)
        if parameters is None:
            raise PushedRequestOverError
        return parameters


def told_description(error: OAuth2Error) -> str:
    """Return what to tell a developer whose request leads nowhere."""
    return str(error.description or error.error)
