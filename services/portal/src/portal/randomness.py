"""The one source of randomness. Values are URL-safe text of `[A-Za-z0-9_-]`."""

import secrets


def identifier() -> str:
    """Return a public identifier: 128 bits, 22 characters. Unique, and nobody's secret."""
    return secrets.token_urlsafe(16)


def secret() -> str:
    """Return a secret nobody can guess: 256 bits, 43 characters. Hash it before it is stored."""
    return secrets.token_urlsafe(32)
