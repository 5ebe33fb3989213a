"""To what a token is bound: a DPoP key (RFC 9449 §6), a client certificate (RFC 8705 §3), or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError

from identity.oidc.protocol.replay_store import SingleUse
from identity.oidc.protocol.request import ProtocolRequest
from identity.oidc.sender_constraint.dpop import DpopProofs, DpopRefusedError, ProvenKey
from identity.relying_parties.clients import RegisteredClient


@dataclass(frozen=True)
class Binding:
    """The proof that a request with the token has to bring. At most one of the two is set."""

    # RFC 7638 thumbprint of a DPoP key.
    jkt: str | None = None
    # SHA-256 of a certificate.
    certificate: str | None = None

    @property
    def token_type(self) -> str:
        """The `token_type` of the token response (RFC 9449 §5)."""
        return token_type(self.confirmation or {})

    @property
    def confirmation(self) -> dict[str, str] | None:
        """The claim `cnf` (RFC 7800); None where the token is bound to nothing."""
        if self.jkt:
            return {"jkt": self.jkt}
        return {"x5t#S256": self.certificate} if self.certificate else None

    def check_key(self, bound_jkt: str | None) -> None:
        """Raise unless a code or a refresh token that is bound to this key may be redeemed.

        Raises `DpopRefusedError` without a proof, `InvalidGrantError` for the proof of another key.
        """
        if bound_jkt is not None and self.jkt is None:
            raise DpopRefusedError("A DPoP proof with the key of the authorization request is needed.")
        if bound_jkt is not None and self.jkt != bound_jkt:
            raise InvalidGrantError("The DPoP proof is of another key than the one this is bound to.")


UNBOUND = Binding()


@dataclass(frozen=True)
class Sender:
    """What the sender of a request proved, beside its authentication."""

    binding: Binding = UNBOUND
    # The proof, if it works once: spent with what the request yields.
    single_use: tuple[SingleUse, ...] = ()


class SenderConstraints:
    """Binds the tokens of a request to the proof that came with it."""

    def __init__(self, proofs: DpopProofs) -> None:
        self._proofs = proofs

    def verify(self, request: ProtocolRequest, client: RegisteredClient) -> Sender:
        """Return the binding that the request asks for and the client's registration demands.

        Nothing is spent by it. Raises `OAuth2Error`: those of `proven_key`, or `invalid_request` where the
        certificate is missing.
        """
        if request.dpop_proof is not None:
            key = self.proven_key(request, client)
            return Sender(Binding(jkt=key.jkt), (key.single_use,))
        if client.dpop_bound_access_tokens:
            raise DpopRefusedError("This client has to send a DPoP proof.")
        if client.tls_client_certificate_bound_access_tokens:
            if request.certificate is None:
                raise InvalidRequestError("This client has to present its certificate.")
            return Sender(Binding(certificate=request.certificate.thumbprint))
        return Sender()

    def proven_key(self, request: ProtocolRequest, client: RegisteredClient) -> ProvenKey:
        """Return the key that signed the request's proof; raises as `DpopProofs.verify`."""
        return self._proofs.verify(request.dpop_proof or "", request.method, request.uri, client)


def confirmation_in(claims: Mapping[str, object]) -> dict[str, str]:
    """Return the `cnf` of a token of this issuer; empty where it is bound to nothing."""
    confirmation = claims.get("cnf")
    return {str(k): str(v) for k, v in confirmation.items()} if isinstance(confirmation, Mapping) else {}


def token_type(confirmation: Mapping[str, str]) -> str:
    """Return the type of a token with this `cnf`: DPoP (RFC 9449 §5, §6.2) or, as any other, Bearer."""
    return "DPoP" if "jkt" in confirmation else "Bearer"
