"""The e-mail address that was typed last in this browser, so that nobody types it twice (WCAG 2.2, 3.3.7).

Kept in the signed page-state cookie until the browser is closed or the resident signs out; never in an
address.
"""

from flask import session as page_state

_KEY = "typed_email"


def remember(email: str) -> None:
    """Keep what was typed."""
    page_state[_KEY] = email


def recall() -> str:
    """Return what was typed last, or nothing."""
    return str(page_state.get(_KEY, ""))


def forget() -> None:
    """Drop it."""
    page_state.pop(_KEY, None)
