"""The browser of a request, as the verbs of this journey see it."""

from dataclasses import dataclass

from identity.web.browser_binding import BrowserBinding
from identity.web.current_session import CurrentSession, SignedIn
from identity.web.visitor import Visitor, current_visitor


@dataclass(frozen=True)
class RequestingBrowser:
    """The browser that sent the request. Its secret proves that it started the sign-in."""

    # Of its cookie (`BrowserBinding`), if it has one.
    secret: str | None
    # Its live session, if any.
    current: SignedIn | None
    visitor: Visitor


class CurrentBrowser:
    """Reads the browser of the request that is being answered."""

    def __init__(self, binding: BrowserBinding, current_session: CurrentSession) -> None:
        self._binding = binding
        self._current_session = current_session

    def load(self) -> RequestingBrowser:
        """Return the browser, with its secret, session and visitor."""
        return RequestingBrowser(self._binding.secret(), self._current_session.load(), current_visitor())
