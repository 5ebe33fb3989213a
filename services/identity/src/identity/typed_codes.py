"""Codes that a person reads in one place, such as a mail or a device, and types in another.

Eight of twenty consonants (RFC 8628 §6.1): they make no words, and none looks like a digit or another one.
They have 34 bits, enough for ten minutes and a limit on failures.
"""

import unicodedata

from identity import randomness

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8

# What is taken for a letter of the alphabet, where it can be one only: a zero could be a D or a Q.
_LOOK_ALIKES = str.maketrans("12568IU", "LZSGBLV")


def generate() -> str:
    """Return a new code, without its hyphen."""
    return randomness.text_of(ALPHABET, LENGTH)


def formatted(code: str) -> str:
    """Return the code as it is displayed: `WDJB-MJHT`."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def parse(typed: str) -> str | None:
    """Return the typed code, in any case and width and with any separators; None if it cannot be a code."""
    letters = [letter for letter in unicodedata.normalize("NFKC", typed).upper() if letter.isalnum()]
    code = "".join(letters).translate(_LOOK_ALIKES)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None
