"""The one source of randomness. Values are URL-safe text of `[A-Za-z0-9_-]` unless said otherwise."""

import secrets


def identifier() -> str:
    """Return a public identifier: 128 bits, 22 characters. Unique, and nobody's secret."""
    return secrets.token_urlsafe(16)


def secret() -> str:
    """Return a secret nobody can guess: 256 bits, 43 characters. Hash it before it is stored."""
    return secrets.token_urlsafe(32)


def text_of(alphabet: str, length: int) -> str:
    """Return characters of an alphabet, for a person to type. Limit the attempts at it."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def six_digits() -> str:
    """Return a code of six decimal digits to be typed by a person. Limit the attempts at it."""
    return f"{secrets.randbelow(1_000_000):06d}"
