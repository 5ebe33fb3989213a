"""Client authentication (RFC 6749 §2.3): a secret, a signed assertion, a certificate, or none."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidRequestError

from identity.clock import Clock
from identity.oidc.client_authentication.assertions import METHOD as PRIVATE_KEY_JWT
from identity.oidc.client_authentication.assertions import TYPE as ASSERTION_TYPE
from identity.oidc.client_authentication.assertions import ClientAssertions
from identity.oidc.client_authentication.certificates import ClientCertificates
from identity.oidc.client_authentication.failed_authentications import FailedAuthentications
from identity.oidc.protocol.errors import ClientRefusedError
from identity.oidc.protocol.replay_store import SingleUse
from identity.oidc.protocol.request import ProtocolRequest
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import SECRET_METHODS, RegisteredClient

CERTIFICATE_METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
# All methods; those with certificates work only behind a proxy that passes certificates on.
METHODS = (*SECRET_METHODS, PRIVATE_KEY_JWT, *CERTIFICATE_METHODS, "none")


@dataclass(frozen=True, repr=False)
class _Credentials:
    method: str
    client_id: str
    # The secret or the assertion.
    proof: str


@dataclass(frozen=True)
class AuthenticatedClient:
    """A client that authenticated."""

    client: RegisteredClient
    # What it proved itself with, if that works once: spent with what the request yields.
    single_use: tuple[SingleUse, ...] = ()


class ClientAuthentication:
    """Authenticates clients. Secrets are 256 random bits: SHA-256 and a constant-time compare are enough."""

    def __init__(
        self,
        relying_parties: RelyingPartyCache,
        clock: Clock,
        assertions: ClientAssertions,
        certificates: ClientCertificates,
        failures: FailedAuthentications,
    ) -> None:
        self._relying_parties, self._clock = relying_parties, clock
        self._assertions, self._certificates, self._failures = assertions, certificates, failures

    def authenticate(self, request: ProtocolRequest) -> AuthenticatedClient:
        """Return the client that authenticated as it is registered to; a public client by its id.

        Nothing is spent by it. Raises `ClientRefusedError`, or `InvalidRequestError` for two methods at once
        (RFC 6749 §2.3).
        """
        credentials = self._credentials(request)
        client = self._relying_parties.client(credentials.client_id)
        if client is None:
            raise ClientRefusedError("Unknown client, or no client authentication was included.")
        try:
            return AuthenticatedClient(client, self._verify(credentials, client, request))
        except ClientRefusedError:
            self._failures.record(client.id, credentials.method)
            raise

    def _verify(
        self, credentials: _Credentials, client: RegisteredClient, request: ProtocolRequest
    ) -> tuple[SingleUse, ...]:
        method, registered = credentials.method, client.token_endpoint_auth_method
        if method in SECRET_METHODS and not client.accepts_secret(credentials.proof, self._clock.now()):
            raise ClientRefusedError("The client secret is wrong or has expired.")
        if method == "none" and registered in CERTIFICATE_METHODS:
            # The form of such a request names the client alone; the connection has the certificate.
            if not self._certificates.proves(request.certificate, client):
                raise ClientRefusedError("The client certificate is missing, or is not this client's.")
        elif method not in client.authentication_methods:
            accepted = " or ".join(client.authentication_methods)
            raise ClientRefusedError(f"This client is registered to authenticate with {accepted}.")
        elif method == PRIVATE_KEY_JWT:
            return (self._assertions.verify(credentials.proof, client, request.uri),)
        return ()

    def _credentials(self, request: ProtocolRequest) -> _Credentials:
        header, form = request.authorization_header, request.parameters
        named, secret = form.get("client_id") or "", form.get("client_secret")
        assertion, kind = form.get("client_assertion"), form.get("client_assertion_type")
        if (header is not None) + (secret is not None) + (assertion is not None or kind is not None) > 1:
            raise InvalidRequestError("Use one way of client authentication.")
        if assertion is not None or kind is not None:
            if assertion is None or kind != ASSERTION_TYPE:
                raise ClientRefusedError("client_assertion and client_assertion_type do not go together.")
            credentials = _Credentials(PRIVATE_KEY_JWT, self._assertions.named_client(assertion), assertion)
        elif header is not None:
            given = request.basic_credentials
            if given is None:
                raise ClientRefusedError("The Authorization header is not HTTP Basic.")
            credentials = _Credentials("client_secret_basic", given.name, given.secret)
        else:
            return _Credentials("client_secret_post" if secret else "none", named, secret or "")
        if named and named != credentials.client_id:
            raise InvalidRequestError("client_id is another than that of the client authentication.")
        return credentials
