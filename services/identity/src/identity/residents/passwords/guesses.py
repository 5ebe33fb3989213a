"""How many guesses an attacker needs for a password, as zxcvbn estimates it (Wheeler, USENIX Security 2016).

It finds words, names, dates, rows of keys, sequences and repetitions, also reversed, and with signs and
digits for letters.
"""

from collections.abc import Collection

from zxcvbn_rs_py import zxcvbn

# Code points. The time grows with the square of the length; what is longer is strong by its beginning.
LONGEST_MEASURED = 32
# What zxcvbn reads as letters, besides digits. It tries every combination of them, which takes a second for a
# password of nothing else. One with so many different ones is no word that is written with signs.
_SIGNS = "@({[<!|$+%"
_MOST_SIGNS = 3
_AS_NO_LETTER = str.maketrans(dict.fromkeys(_SIGNS, "_"))


def estimated_guesses(password: str, words: Collection[str]) -> int:
    """Return the number of guesses; `words` are those that an attacker tries first."""
    measured = password[:LONGEST_MEASURED]
    if len(set(measured).intersection(_SIGNS)) > _MOST_SIGNS:
        measured = measured.translate(_AS_NO_LETTER)
    return zxcvbn(measured, list(words)).guesses
