"""The browser of a request, as the verbs of this journey see it."""

from collections.abc import Callable
from dataclasses import dataclass

from identity.web.browser_binding import BrowserBinding
from identity.web.current_session import CurrentSession, SignedIn
from identity.web.devices import Devices
from identity.web.visitor import Visitor, current_visitor


@dataclass(frozen=True)
class RequestingBrowser:
    """The browser that sent the request. Its secret proves that it started the sign-in."""

    # Of its cookie (`BrowserBinding`), if it has one.
    secret: str | None
    # Its live session, if any.
    current: SignedIn | None
    visitor: Visitor
    # From an address to the generation of devices with which it signed in here before, if it did.
    device_generation_of: Callable[[str], int | None]


class CurrentBrowser:
    """Reads the browser of the request that is being answered."""

    def __init__(self, binding: BrowserBinding, current_session: CurrentSession, devices: Devices) -> None:
        self._devices = devices
        self._binding = binding
        self._current_session = current_session

    def load(self) -> RequestingBrowser:
        """Return the browser, with its secret, session and visitor."""
        return RequestingBrowser(
            self._binding.secret(),
            self._current_session.load(),
            current_visitor(),
            self._devices.generations(),
        )
