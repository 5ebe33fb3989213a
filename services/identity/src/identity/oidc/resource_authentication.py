"""How a resource, such as billing_link, proves who it is: HTTP Basic with the resource's own secret.

Both parts are form-encoded inside the header, as a client's are (RFC 6749 §2.3.1).
"""

from urllib.parse import unquote_plus

from werkzeug.datastructures import Authorization

from identity.oidc.errors import ClientRefusedError
from identity.relying_parties.directory import Directory
from identity.relying_parties.registered import RegisteredResource


class ResourceAuthentication:
    """Authenticates resources. An indicator is a URI and has a colon, which no client's id has."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def authenticate(self, authorization_header: str | None) -> RegisteredResource | None:
        """Return the resource that asks, or None when it is none that asks.

        Raises `ClientRefusedError` for the wrong secret.
        """
        try:
            given = Authorization.from_header(authorization_header)
        except ValueError:
            # Characters that cannot be base64.
            return None
        if given is None or given.type != "basic":
            return None
        resource = self._directory.resource(unquote_plus(given.username or ""))
        if resource is not None and not resource.accepts_secret(unquote_plus(given.password or "")):
            raise ClientRefusedError("The resource's secret is wrong.")
        return resource
