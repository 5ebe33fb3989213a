"""User codes: a resident reads one on the device and types it in a browser (RFC 8628 §6.1).

Eight consonants: they make no words, and none looks like a digit. They have 34 bits, which is enough for ten
minutes and a rate limit (§5.1).
"""

from identity import randomness

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8


def generate() -> str:
    """Return a new code, without its hyphen."""
    return randomness.text_of(ALPHABET, LENGTH)


def formatted(code: str) -> str:
    """Return the code as it is displayed: `WDJB-MJHT`."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def parse(typed: str) -> str | None:
    """Return the typed code, in any case and with any separators; None if it is not a user code."""
    code = "".join(character for character in typed.upper() if character in ALPHABET)
    has_others = any(c.isalnum() and c not in ALPHABET for c in typed.upper())
    return code if len(code) == LENGTH and not has_others else None
