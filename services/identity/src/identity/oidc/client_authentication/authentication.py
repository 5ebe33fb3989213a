"""How a client proves who it is (RFC 6749 §2.3): a secret, a signed assertion, a certificate, or nothing."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidRequestError

from identity.clock import Clock
from identity.oidc.client_authentication.assertions import METHOD as PRIVATE_KEY_JWT
from identity.oidc.client_authentication.assertions import TYPE as ASSERTION_TYPE
from identity.oidc.client_authentication.assertions import ClientAssertions
from identity.oidc.client_authentication.certificates import ClientCertificates, PresentedCertificate
from identity.oidc.client_authentication.failed_authentications import FailedAuthentications
from identity.oidc.protocol.errors import ClientRefusedError
from identity.oidc.protocol.parameters import Parameters
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient
from identity.web.basic_credentials import read_basic

SECRET_METHODS = ("client_secret_basic", "client_secret_post")
CERTIFICATE_METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
# The methods that work whatever the settings; those with certificates need a proxy that hands them on.
METHODS = (*SECRET_METHODS, PRIVATE_KEY_JWT, *CERTIFICATE_METHODS, "none")


@dataclass(frozen=True)
class _Offered:
    method: str
    client_id: str
    # The secret or the assertion.
    proof: str


class ClientAuthentication:
    """Authenticates clients. Secrets are 256 random bits: SHA-256 and a constant-time compare will do."""

    def __init__(
        self,
        relying_parties: RelyingPartyCache,
        clock: Clock,
        assertions: ClientAssertions,
        certificates: ClientCertificates,
        refusals: FailedAuthentications,
    ) -> None:
        self._relying_parties, self._clock = relying_parties, clock
        self._assertions, self._certificates, self._refusals = assertions, certificates, refusals

    def authenticate(
        self,
        authorization_header: str | None,
        form: Parameters,
        *,
        certificate: PresentedCertificate | None = None,
        endpoint: str | None = None,
    ) -> tuple[RegisteredClient, str]:
        """Return the client and the method it used.

        `endpoint` is the address of an endpoint, beside the token endpoint, that an assertion may be for.
        Raises `ClientRefusedError`, or `InvalidRequestError` for two methods at once (RFC 6749 §2.3).
        """
        offered = self._offered(authorization_header, form)
        client = self._relying_parties.client(offered.client_id)
        if client is None:
            raise ClientRefusedError("Unknown client, or no client authentication was included.")
        try:
            return client, self._proven(client, offered, certificate, endpoint)
        except ClientRefusedError:
            self._refusals.record(client.id, offered.method)
            raise

    def _proven(
        self,
        client: RegisteredClient,
        offered: _Offered,
        certificate: PresentedCertificate | None,
        endpoint: str | None,
    ) -> str:
        """Return the method by which the client proved who it is."""
        if offered.method in SECRET_METHODS and not client.accepts_secret(offered.proof, self._clock.now()):
            raise ClientRefusedError("The client secret is wrong or has expired.")
        registered, method = client.token_endpoint_auth_method, offered.method
        if method == "none" and registered in CERTIFICATE_METHODS:
            if certificate is None or not self._certificates.proves(certificate, client):
                raise ClientRefusedError("The client certificate is missing, or is not this client's.")
            method = registered
        if method != registered:
            raise ClientRefusedError(f"This client is registered to authenticate with {registered}.")
        if method == PRIVATE_KEY_JWT:
            self._assertions.check(offered.proof, client, endpoint)
        return method

    def _offered(self, header: str | None, form: Parameters) -> _Offered:
        named, secret = form.get("client_id") or "", form.get("client_secret")
        assertion, kind = form.get("client_assertion"), form.get("client_assertion_type")
        if (header is not None) + (secret is not None) + (assertion is not None or kind is not None) > 1:
            raise InvalidRequestError("Use one way of client authentication.")
        if assertion is not None or kind is not None:
            if assertion is None or kind != ASSERTION_TYPE:
                raise ClientRefusedError("client_assertion and client_assertion_type do not go together.")
            offered = _Offered(PRIVATE_KEY_JWT, self._assertions.named_client(assertion), assertion)
        elif header is not None:
            given = read_basic(header)
            if given is None:
                raise ClientRefusedError("The Authorization header is not HTTP Basic.")
            offered = _Offered("client_secret_basic", given.name, given.secret)
        else:
            return _Offered("client_secret_post" if secret else "none", named, secret or "")
        if named and named != offered.client_id:
            raise InvalidRequestError("client_id is another than that of the client authentication.")
        return offered
