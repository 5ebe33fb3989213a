"""Random values, as URL-safe text of `[A-Za-z0-9_-]`."""

import secrets


def identifier() -> str:
    """Return a unique identifier that is not secret: 128 bits, 22 characters."""
    return secrets.token_urlsafe(16)


def secret() -> str:
    """Return a secret: 256 bits, 43 characters. Store its digest only."""
    return secrets.token_urlsafe(32)
