"""How a client proves who it is: `client_secret_basic`, `client_secret_post`, `none` (RFC 6749 §2.3)."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import InvalidRequestError

from identity.clock import Clock
from identity.oidc.errors import ClientRefusedError
from identity.oidc.parameters import Parameters
from identity.relying_parties.directory import Directory
from identity.relying_parties.registered import RegisteredClient

METHODS = ("client_secret_basic", "client_secret_post", "none")


@dataclass(frozen=True)
class _Offered:
    method: str
    client_id: str
    secret: str


class ClientAuthentication:
    """Authenticates clients. Secrets are 256 random bits: SHA-256 and a constant-time compare will do."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory, self._clock = directory, clock

    def authenticate(
        self, authorization_header: str | None, form: Parameters
    ) -> tuple[RegisteredClient, str]:
        """Return the client and the method it used.

        Raises `ClientRefusedError`, or `InvalidRequestError` for two methods at once (RFC 6749 §2.3).
        """
        offered = _offered(authorization_header, form)
        client = self._directory.client(offered.client_id)
        if client is None:
            raise ClientRefusedError("Unknown client, or no client authentication was included.")
        if offered.method != "none" and not client.accepts_secret(offered.secret, self._clock.now()):
            raise ClientRefusedError("The client secret is wrong or has expired.")
        if offered.method != client.token_endpoint_auth_method:
            raise ClientRefusedError(
                f"This client is registered to authenticate with {client.token_endpoint_auth_method}."
            )
        return client, offered.method


def _offered(header: str | None, form: Parameters) -> _Offered:
    named, secret = form.get("client_id") or "", form.get("client_secret")
    if header is None:
        return _Offered("client_secret_post" if secret else "none", named, secret or "")
    offered = _basic(header)
    if secret or (named and named != offered.client_id):
        raise InvalidRequestError("Use one way of client authentication.")
    return offered


def _basic(header: str) -> _Offered:
    """Read the header; identifier and secret are form-encoded inside it (RFC 6749 §2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    client_id, separator, secret = text.partition(":")
    if scheme.lower() != "basic" or not separator:
        raise ClientRefusedError("The Authorization header is not HTTP Basic.")
    return _Offered("client_secret_basic", unquote_plus(client_id), unquote_plus(secret))
