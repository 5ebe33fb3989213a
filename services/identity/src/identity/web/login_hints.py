"""The e-mail addresses that websites name beforehand (`login_hint`), to fill in the forms of a journey.

Kept in the encrypted page-state cookie, each for the path that its journey ends at; never in a URL of ours.
"""

from flask import session as page_state

_KEY = "login_hints"
# Journeys at once in one browser; of more the oldest start with an empty form.
_MOST = 3


def remember(path: str, hint: str) -> None:
    """Keep the address for the journey that ends at this path."""
    if hint:
        kept = {each: found for each, found in page_state.get(_KEY, {}).items() if each != path}
        page_state[_KEY] = dict([*kept.items(), (path, hint)][-_MOST:])


def recall(path: str) -> str:
    """Return the address for the journey that ends at this path, or an empty text."""
    return str(page_state.get(_KEY, {}).get(path, ""))
