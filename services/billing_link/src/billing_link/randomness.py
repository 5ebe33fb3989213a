"""The one source of randomness."""

import secrets

# No 0, 1, I, L, O, U: they are mistaken for others over the phone.
_SPOKEN = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def identifier() -> str:
    """Return a public identifier: 128 bits, 22 characters of `[A-Za-z0-9_-]`. Unique; not a secret."""
    return secrets.token_urlsafe(16)


def support_code() -> str:
    """Return eight characters that are easy to read aloud. They find one call in the log."""
    return "".join(secrets.choice(_SPOKEN) for _ in range(8))
