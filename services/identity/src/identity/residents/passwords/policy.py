"""Which passwords are accepted (NIST SP 800-63B-4 §3.1.1.2, ASVS 5.0 §6.2): length, and none guessed first.

No composition rules and no expiry. The rules, in the order in which they are reported; the last one is asked
only where no other is broken (docs/decisions/0068):

1. **Length** in code points of the normal form: at least the configured minimum, at most 128. Spaces count.
2. **Common**: known from breaches in one of the forms that `blocklist` looks up, one piece of up to 9
   characters repeated (`abcabcabcabcabc`), or a run of neighbours (`abcdefghijklmnop`).
3. **Context**: made of words that an attacker tries first here (every configured city, the product, the
   resident's own name and address). These words are taken out wherever they occur, also with `@` for `a`, `0`
   for `o` and the like, or reversed. What is left must be long and hard to guess by itself.
   `PinellasPark2026!` is refused; a long sentence that contains the resident's first name is accepted.
4. **Guessable**: guessed in fewer than `FEWEST_GUESSES`, or made of known words and months (`known_words`) in
   the way of rule 3. `january152003xx` is refused.
"""

import re
from collections.abc import Callable, Collection, Iterable
from enum import StrEnum
from itertools import pairwise

from identity.residents.passwords.blocklist import is_listed, smallest_piece
from identity.residents.passwords.context_words import folded, without_words, words_of_cities, words_of_texts
from identity.residents.passwords.guesses import estimated_guesses
from identity.residents.passwords.known_words import KNOWN_WORDS
from identity.residents.passwords.normal_form import normal_form

LONGEST = 128
# Code points. The blocklist rejects every password that is shorter.
SHORTEST_CHECKED = 10
LONGEST_PIECE = 9
# zxcvbn's highest score: not guessed in any useful time, even where the hashes are stolen.
FEWEST_GUESSES = 10**10
# Without blanks and punctuation, each of which multiplies the estimate by ten thousand.
FEWEST_GUESSES_JOINED = 2 * 10**7
# Of what is left without words that are guessed first.
FEWEST_GUESSES_OF_REST = 10**6
SHORTEST_REST = 8

# As typed: the normal form can make several code points of one and one of several. Longer text is refused.
_LONGEST_TYPED = LONGEST * 8
# Blanks and punctuation are left out of a text that has at least this share of letters and digits.
_MOSTLY = 0.75
_NUMBER = re.compile(r"\d+")
# Short names of months, beside no other letter.
_MONTH = re.compile(
    r"(?<![^\W\d_])(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|ene|abr|ago|dic)(?![^\W\d_])"
)

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
_KNOWN = folded(KNOWN_WORDS)


class PasswordProblem(StrEnum):
    """Why a password is not accepted."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    CONTEXT = "context"
    GUESSABLE = "guessable"


class PasswordPolicy:
    """The rules for new passwords. They do not apply at sign-in."""

    def __init__(self, min_length: int, city_names: Callable[[], Iterable[str]] = tuple) -> None:
        """Take what returns the names of all cities."""
        # Code points, as pages name them; not below what the blocklist supports.
        self.min_length = max(min_length, SHORTEST_CHECKED)
        self.max_length = LONGEST
        self._city_names = city_names

    def problems(self, password: str, context: Iterable[str] = ()) -> list[PasswordProblem]:
        """Return what is wrong with the password; empty when it is accepted.

        `context`: words that belong to this resident, such as names and the e-mail address, and their city's
        name. Takes some 4 ms, and 0.2 s for a password that is made to be slow.
        """
        if len(password) > _LONGEST_TYPED:
            return [PasswordProblem.TOO_LONG]
        normal = normal_form(password)
        if len(normal) > LONGEST:
            return [PasswordProblem.TOO_LONG]
        if len(normal) < self.min_length:
            return [PasswordProblem.TOO_SHORT]
        own = words_of_texts(context) | words_of_cities(self._city_names())
        words = own | words_of_texts(PRODUCT_WORDS)
        problems = []
        if _is_common(normal):
            problems.append(PasswordProblem.COMMON)
        # "Password1234567!" is on the lists, and that is all to say of it.
        if self._is_made_of(normal, own if problems else words):
            problems.append(PasswordProblem.CONTEXT)
        if not problems and self._is_guessable(normal, words):
            problems.append(PasswordProblem.GUESSABLE)
        return problems

    def _is_made_of(self, password: str, words: Iterable[str]) -> bool:
        """Return whether words are in the password, and the rest is too short or too easy to guess."""
        rest = without_words(password, words)
        if rest is None:
            return False
        if rest.isdecimal():
            return len(rest) < self.min_length
        # A number counts as one character, however long: a year, or the day in a date.
        length = len(_NUMBER.sub("0", rest))
        return length < SHORTEST_REST or estimated_guesses(rest, ()) < FEWEST_GUESSES_OF_REST

    def _is_guessable(self, password: str, words: Collection[str]) -> bool:
        likely, joined = [*words, *KNOWN_WORDS], _without_separators(password)
        fewest_joined = FEWEST_GUESSES if joined.isdecimal() else FEWEST_GUESSES_JOINED
        return (
            estimated_guesses(password, likely) < FEWEST_GUESSES
            or estimated_guesses(joined, likely) < fewest_joined
            or self._is_made_of(_MONTH.sub("january", password.casefold()), _KNOWN.union(words))
        )


def _is_common(password: str) -> bool:
    text = password.casefold()
    forms = (text, _without_separators(text))
    return any(_is_one_piece_repeated(form) for form in forms) or _is_a_run(text) or is_listed(password)


def _is_one_piece_repeated(text: str) -> bool:
    size = len(smallest_piece(text))
    return size <= LONGEST_PIECE and size < len(text)


def _is_a_run(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    # A run of digits wraps from 9 to 0 (or from 0 to 9 on the way down).
    return steps in ({1}, {-1}, {1, -9}, {-1, 9})


def _without_separators(text: str) -> str:
    """Return the text without blanks and punctuation; as it is where those are a part of the password."""
    joined = "".join(letter for letter in text if letter.isalnum())
    return joined if len(joined) >= max(SHORTEST_CHECKED, _MOSTLY * len(text)) else text
