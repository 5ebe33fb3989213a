"""Authentication of a resource, such as billing_link: HTTP Basic with the resource's own secret."""

from identity.oidc.protocol.errors import ClientRefusedError
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredResource
from identity.web.basic_credentials import read_basic


class ResourceAuthentication:
    """Authenticates resources. An indicator is a URI and has a colon, which no client's id has."""

    def __init__(self, relying_parties: RelyingPartyCache) -> None:
        self._relying_parties = relying_parties

    def authenticate(self, authorization_header: str | None) -> RegisteredResource | None:
        """Return the resource that sent the request, or None where the header names no resource.

        Raises `ClientRefusedError` for the wrong secret.
        """
        given = read_basic(authorization_header)
        if given is None:
            return None
        resource = self._relying_parties.resource(given.name) if ":" in given.name else None
        if resource is not None and not resource.accepts_secret(given.secret):
            raise ClientRefusedError("The resource's secret is wrong.")
        return resource
