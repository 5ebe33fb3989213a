"""A registered client as Authlib's rules want to ask it."""

from collections.abc import Collection

from authlib.oauth2.rfc6749 import ClientMixin

from identity.oidc.protocol import redirect_uris
from identity.relying_parties.clients import RegisteredClient


class ProtocolClient(ClientMixin):
    """Answers Authlib's questions from the registration."""

    def __init__(self, registered: RegisteredClient) -> None:
        self.registered = registered

    def get_client_id(self) -> str:
        """Return its id."""
        return self.registered.id

    def get_default_redirect_uri(self) -> str:
        """Return nothing: OpenID Connect Core §3.1.2.1 requires the parameter."""
        return ""

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        """Return what of a scope it may have; the rest is ignored (OpenID Connect Core §3.1.2.1)."""
        requested = scope.split() if isinstance(scope, str) else scope or ()
        return " ".join(dict.fromkeys(s for s in requested if s in self.registered.scopes))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Tell whether it registered this redirect URI."""
        return redirect_uris.is_registered(redirect_uri, self.registered)

    def check_client_secret(self, client_secret: str) -> bool:  # noqa: ARG002 - Authlib's signature
        """Refuse: `client_authentication` compares secrets, with the time in hand."""
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - Authlib's signature
        """Tell whether it registered this way to authenticate."""
        return method == self.registered.token_endpoint_auth_method

    def check_response_type(self, response_type: str) -> bool:
        """Tell whether it may ask for this: the code flow is the only one there is."""
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether it registered this grant type."""
        return grant_type in self.registered.grant_types
