"""A request as Authlib's rules want to read it, made from parameters that were parsed once."""

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749.requests import OAuth2Payload

from identity.oidc.client_authentication.certificates import PresentedCertificate
from identity.oidc.protocol.binding import UNBOUND
from identity.oidc.protocol.parameters import Parameters


class _Payload(OAuth2Payload):
    def __init__(self, parameters: Parameters) -> None:
        self._data = parameters.as_dict()

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self._data.items()}


class ProtocolRequest(OAuth2Request):
    """One request to the authorization or token endpoint.

    Its address is made from the configured issuer: what a Host header says decides nothing.
    """

    def __init__(
        self,
        method: str,
        uri: str,
        parameters: Parameters,
        authorization_header: str | None = None,
        *,
        dpop_proof: str | None = None,
        certificate: PresentedCertificate | None = None,
    ) -> None:
        super().__init__(method, uri)
        self.parameters, self.authorization_header = parameters, authorization_header
        # What the header `DPoP` and the connection's client certificate say; unchecked as yet.
        self.dpop_proof, self.certificate = dpop_proof, certificate
        # Found out by the token endpoint, once the client has proved who it is.
        self.binding = UNBOUND
        self.payload = _Payload(parameters)

    @property
    def form(self) -> dict[str, str]:
        """Return the parameters, one value for each name."""
        return self.payload.data if self.payload else {}
