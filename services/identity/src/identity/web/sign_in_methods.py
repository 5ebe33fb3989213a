"""The providers that a page offers, their names, and the method that this browser used last."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response

from identity.relying_parties.clients import RegisteredCity
from identity.web.cookies import Cookies

PASSWORD = "password"  # noqa: S105 - a method's name
_COOKIE = "last_method"
_LIFETIME = 400 * 24 * 60 * 60  # the longest that browsers keep a cookie
# Also of providers that are switched off: pages still name them to residents who used one.
_NAMES = {"google": "Google", "apple": "Apple", "microsoft": "Microsoft", "facebook": "Facebook"}


@dataclass(frozen=True)
class ProviderButton:
    """A button such as "Sign in with Google"."""

    # The sign-in method: `google`, `apple`, `microsoft`, `facebook`, or the key of another provider.
    key: str
    name: str
    # A path under the static folder.
    logo: str


class SignInMethods:
    """The providers of this deployment; a city may offer fewer."""

    def __init__(self, cookies: Cookies, buttons: Sequence[ProviderButton]) -> None:
        self._cookies = cookies
        self._buttons = tuple(buttons)

    def offered(self, city: RegisteredCity | None) -> tuple[ProviderButton, ...]:
        """Return the buttons of a city's pages, in their order; without a city, all of them."""
        if city is None or city.sign_in_methods is None:
            return self._buttons
        return tuple(button for button in self._buttons if button.key in city.sign_in_methods)

    def button(self, key: str, city: RegisteredCity | None) -> ProviderButton | None:
        """Return one provider's button, if the city offers it."""
        return next((button for button in self.offered(city) if button.key == key), None)

    def name(self, method: str) -> str:
        """Return a provider's name for residents."""
        names = {button.key: button.name for button in self._buttons}
        return names.get(method) or _NAMES.get(method) or method.capitalize()

    def last_used(self) -> str:
        """Return the method of the last sign-in in this browser, or an empty text."""
        method = self._cookies.get(_COOKIE) or ""
        known = method == PASSWORD or any(method == button.key for button in self._buttons)
        return method if known else ""

    def remember(self, response: Response, method: str) -> None:
        """Keep the method that was just used; the cookie holds no personal data."""
        self._cookies.set(response, _COOKIE, method, _LIFETIME)
