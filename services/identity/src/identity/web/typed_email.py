"""The e-mail address that was typed last in this browser, to fill in the next form (WCAG 2.2 3.3.7).

Kept in the encrypted page-state cookie until the browser is closed or the resident signs out; never in a URL.
"""

from flask import session as page_state

_KEY = "typed_email"


def remember(email: str) -> None:
    """Keep the typed address."""
    page_state[_KEY] = email


def recall() -> str:
    """Return the address that was typed last, or an empty text."""
    return str(page_state.get(_KEY, ""))


def forget() -> None:
    """Delete the kept address."""
    page_state.pop(_KEY, None)
