"""What a token request binds its token to, and what its client may not go without."""

from authlib.oauth2.rfc6749 import InvalidRequestError

from identity.oidc.protocol.binding import UNBOUND, Binding
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.sender_constraint.dpop import DpopProofs, DpopRefusedError
from identity.relying_parties.clients import RegisteredClient


class SenderConstraints:
    """Finds out what a token request binds its token to."""

    def __init__(self, proofs: DpopProofs) -> None:
        self._proofs = proofs

    def of(self, request: ProtocolRequest, client: RegisteredClient) -> Binding:
        """Return the binding that the request asks for and the client's registration demands.

        Raises `OAuth2Error`: of `oidc.dpop`, or `invalid_request` where the certificate is missing.
        """
        if request.dpop_proof is not None:
            return Binding(jkt=self.proven_key(request, client))
        if client.dpop_bound_access_tokens:
            raise DpopRefusedError("This client has to send a DPoP proof.")
        if client.tls_client_certificate_bound_access_tokens:
            if request.certificate is None:
                raise InvalidRequestError("This client has to present its certificate.")
            return Binding(certificate=request.certificate.thumbprint)
        return UNBOUND

    def proven_key(self, request: ProtocolRequest, client: RegisteredClient) -> str:
        """Return the key that proved itself in this request; raises as `DpopProofs.check`."""
        return self._proofs.check(
            request.dpop_proof or "",
            request.method,
            request.uri,
            nonce_needed=client.dpop_bound_access_tokens,
        )
