"""HTTP Basic as OAuth 2.0 has it: both parts are form-encoded inside the header (RFC 6749 §2.3.1)."""

import base64
import binascii
from typing import NamedTuple
from urllib.parse import unquote_plus


class BasicCredentials(NamedTuple):
    """The name and the secret of a caller. Holds the secret in plain text."""

    name: str
    secret: str


def read_basic(header: str | None) -> BasicCredentials | None:
    """Return the credentials in an `Authorization` header, or None where it is absent or not HTTP Basic."""
    scheme, _, encoded = (header or "").partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    name, separator, secret = text.partition(":")
    if scheme.lower() != "basic" or not separator:
        return None
    return BasicCredentials(unquote_plus(name), unquote_plus(secret))
