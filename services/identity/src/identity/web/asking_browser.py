"""The cookie that proves the browser in which somebody asked for a verification mail."""

from flask import Response

from identity.web.cookies import Cookies

_COOKIE = "registration"
_LIFETIME = 24 * 60 * 60
_LONGEST = 64


class AskingBrowser:
    """Hands out and reads the cookie. One secret serves every registration of the browser."""

    def __init__(self, cookies: Cookies) -> None:
        self._cookies = cookies

    def secret(self) -> str | None:
        """Return the secret that this browser holds, if any."""
        secret = self._cookies.get(_COOKIE)
        return secret if secret and len(secret) <= _LONGEST else None

    def remember(self, response: Response, secret: str) -> None:
        """Give the browser its secret, for as long as a registration waits."""
        self._cookies.set(response, _COOKIE, secret, _LIFETIME)
