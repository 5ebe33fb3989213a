"""A request to an endpoint of the protocol, free of the web framework."""

from dataclasses import dataclass
from functools import cached_property

from identity.oidc.client_authentication.certificates import PresentedCertificate
from identity.oidc.protocol.parameters import Parameters
from identity.web.basic_credentials import BasicCredentials, read_basic


@dataclass(frozen=True, repr=False)
class ProtocolRequest:
    """What an endpoint reads of an HTTP request. Holds secrets: codes, tokens, the client's credentials."""

    method: str
    # Made from the configured issuer: the Host header decides nothing.
    uri: str
    parameters: Parameters
    authorization_header: str | None = None
    # The header `DPoP`, and the client certificate of the connection; neither is checked yet.
    dpop_proof: str | None = None
    certificate: PresentedCertificate | None = None

    @cached_property
    def basic_credentials(self) -> BasicCredentials | None:
        """The caller's name and secret; None where `authorization_header` is absent or not HTTP Basic."""
        return read_basic(self.authorization_header)
