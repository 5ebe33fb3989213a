"""When two names look alike to a resident: a third party's and that of a city or of a city's own website."""

import unicodedata

# Words that residents leave out: "City of Example" and "Example" are one name.
_FILLING = frozenset({"the", "city", "town", "of", "official", "la", "ciudad", "de"})
# Alphabets with letters that look alike.
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


def skeleton(name: str) -> str:
    """Return a text that names which look alike share: without case, accents, blanks, dashes and filling."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in bare).split()
    return "".join(word for word in words if word not in _FILLING) or "".join(words)


def mixes_alphabets(name: str) -> bool:
    """Tell whether the name has letters of several alphabets that look alike, such as a Cyrillic C."""
    letters = (c for c in unicodedata.normalize("NFKC", name) if c.isalpha())
    return len({unicodedata.name(c, "?").split()[0] for c in letters} & _ALIKE) > 1
