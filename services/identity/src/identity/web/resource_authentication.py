"""Authentication of a resource, such as billing_link: HTTP Basic with its indicator and its own secret."""

from enum import Enum

from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredResource
from identity.secret_keys import digest
from identity.web.basic_credentials import BasicCredentials

# Compared with where the indicator is unknown, so that the response takes as long.
_UNKNOWN = RegisteredResource(id="", name="", secret_digest=digest(""), scopes=frozenset())


class NotAuthenticated(Enum):
    """Why a request is not a resource's."""

    # No HTTP Basic, or an unknown indicator: the request may be a client's.
    NO_RESOURCE = "no_resource"
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - an outcome


class ResourceAuthentication:
    """Authenticates resources."""

    def __init__(self, relying_parties: RelyingPartyCache) -> None:
        self._relying_parties = relying_parties

    def authenticate(self, credentials: BasicCredentials | None) -> RegisteredResource | NotAuthenticated:
        """Return the resource that sent these."""
        if credentials is None:
            return NotAuthenticated.NO_RESOURCE
        # An indicator is a URI and has a colon, which no client's id has.
        known = self._relying_parties.resource(credentials.name) if ":" in credentials.name else None
        is_right = (known or _UNKNOWN).accepts_secret(credentials.secret)
        if known is None:
            return NotAuthenticated.NO_RESOURCE
        return known if is_right else NotAuthenticated.WRONG_SECRET
