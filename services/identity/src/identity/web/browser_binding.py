"""The cookie that binds what is not finished, such as a sign-up or a sign-in, to the browser that began it.

RFC 6749 §10.12; RFC 9700 §4.7.
"""

from flask import Response

from identity.web.cookies import Cookies

_COOKIE = "registration"
_LIFETIME = 24 * 60 * 60
_LONGEST = 64


class BrowserBinding:
    """Sets and reads the cookie. One secret, kept 24 hours, serves all that the browser starts."""

    def __init__(self, cookies: Cookies) -> None:
        self._cookies = cookies

    def secret(self) -> str | None:
        """Return the secret of this browser, if it has one."""
        secret = self._cookies.get(_COOKIE)
        return secret if secret and len(secret) <= _LONGEST else None

    def remember(self, response: Response, secret: str) -> None:
        """Give the browser its secret, for as long as a pending registration lives."""
        self._cookies.set(response, _COOKIE, secret, _LIFETIME)
