"""The words that an attacker tries first for one resident, and what is left of a password without them.

Words and passwords are compared folded: in lower case, without accents, blanks and punctuation, and with one
letter for all that look alike.
"""

from collections.abc import Callable, Iterable

from identity.residents.passwords.blocklist import without_accents

SHORTEST_WORD = 3
# Of a city's name, since the resident's city may be another: "lake" and "park" are words of many sentences.
_SHORTEST_WORD_OF_A_CITY = 6
_SHORTEST_REVERSED = 5

# `l`, `i`, `1` and `!`, for example.
_LOOK_ALIKES = str.maketrans("1!|i0@348$57+2", "lllloaeabsstzz")


def words_of_texts(texts: Iterable[str]) -> set[str]:
    """Return the folded words of the texts, and each text without spaces: "Pinellas Park" gives three.

    The two parts of an e-mail address are two texts, and `jane85oneill` has two words besides itself.
    """
    found: set[str] = set()
    for text in texts:
        for part in text.split("@"):
            words = _split(part, str.isalnum)
            found.update(words)
            found.update(_split(part, str.isalpha))
            found.add("".join(words))
    return folded(found)


def words_of_cities(names: Iterable[str]) -> set[str]:
    """Return each name without spaces, with and without its "City of", and its longer words; folded."""
    found: set[str] = set()
    for name in names:
        words = _split(name, str.isalnum)
        proper = words[2:] if [word.casefold() for word in words[1:2]] == ["of"] else words
        found.update(word for word in proper if len(word) >= _SHORTEST_WORD_OF_A_CITY)
        found.update(("".join(words), "".join(proper)))
    return folded(found)


def folded(words: Iterable[str]) -> set[str]:
    """Return the words as they are compared, without those of one or two letters."""
    compared = {_letters(word).translate(_LOOK_ALIKES) for word in words}
    return {word for word in compared if len(word) >= SHORTEST_WORD}


def without_words(password: str, words: Iterable[str]) -> str | None:
    """Return the letters and digits that are left once the folded words are taken out, also reversed.

    A word is taken out wherever it occurs, over another one too. None if none occurs.
    """
    letters = _letters(password)
    compared = letters.translate(_LOOK_ALIKES)
    taken: set[int] = set()
    for word in words:
        for written in {word, word[::-1]} if len(word) >= _SHORTEST_REVERSED else {word}:
            start = compared.find(written)
            while start >= 0:
                taken.update(range(start, start + len(word)))
                start = compared.find(written, start + 1)
    return "".join(letter for place, letter in enumerate(letters) if place not in taken) if taken else None


def _split(text: str, is_kept: Callable[[str], bool]) -> list[str]:
    return "".join(letter if is_kept(letter) else " " for letter in text).split()


def _letters(text: str) -> str:
    """Return the text in lower case without accents, spaces and punctuation; look-alikes stay."""
    return "".join(letter for letter in without_accents(text) if letter.isalnum() or letter in "@!$|+")
