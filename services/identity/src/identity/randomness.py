"""The one source of randomness. Values are URL-safe text of `[A-Za-z0-9_-]` unless said otherwise."""

import secrets

# No 0, 1, I, L, O, U: they are mistaken for others over the phone.
_SPOKEN = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def identifier() -> str:
    """Return a unique identifier that is not secret: 128 bits, 22 characters."""
    return secrets.token_urlsafe(16)


def secret() -> str:
    """Return a secret: 256 bits, 43 characters. Store its digest only."""
    return secrets.token_urlsafe(32)


def text_of(alphabet: str, length: int) -> str:
    """Return characters of an alphabet, for a person to type. Limit the attempts at it."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def support_code() -> str:
    """Return eight characters that are easy to read aloud. They find one failure in the log."""
    return "".join(secrets.choice(_SPOKEN) for _ in range(8))
