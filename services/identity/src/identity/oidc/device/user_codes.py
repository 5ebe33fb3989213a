"""The code that a resident reads on one screen and types at another (RFC 8628 §6.1).

Eight consonants: no word comes of them, nothing looks like a digit, and 34 bits with limits on guessing are
plenty for ten minutes.
"""

from identity import randomness

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8


def make() -> str:
    """Return a new code, without its hyphen."""
    return randomness.text_of(ALPHABET, LENGTH)


def shown(code: str) -> str:
    """Return the code as screens show it: `WDJB-MJHT`."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def read(typed: str) -> str | None:
    """Return the code that somebody typed, in any case and with anything between; None if it is none."""
    code = "".join(character for character in typed.upper() if character in ALPHABET)
    strange = any(c.isalnum() and c not in ALPHABET for c in typed.upper())
    return code if len(code) == LENGTH and not strange else None
