"""Text that no database holds is refused before a statement is sent.

PostgreSQL has NUL in no text, and half of a surrogate pair is no character of UTF-8. Requests, tokens,
messages and commands bring them in many ways; all meet here.
"""

from collections.abc import Iterable

from portal.errors import UnstorableTextError


def check_storable(values: Iterable[object]) -> None:
    """Raise `UnstorableTextError` if one of a statement's values is text that cannot be stored."""
    for value in values:
        if isinstance(value, str) and not _is_storable(value):
            raise UnstorableTextError


def _is_storable(text: str) -> bool:
    if "\0" in text:
        return False
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return True
