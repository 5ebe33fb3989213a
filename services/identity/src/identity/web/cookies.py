"""Cookies: host-only, HttpOnly, SameSite=Lax, and on https Secure with the `__Host-` prefix.

On http (loopback, development) browsers refuse the prefix, so the bare name is used. A service below a path
gives its cookies that path, for which browsers refuse `__Host-` (RFC 6265bis §4.1.3.2), so it is `__Secure-`;
the path is in the name too, so that of two services, one below the other, neither reads the other's.
"""

from flask import request
from werkzeug.wrappers import Request, Response

from identity.config import Settings


class Cookies:
    """Reads and writes this service's cookies by their bare names."""

    def __init__(self, settings: Settings) -> None:
        self._secure = settings.served_over_https
        self._path = settings.path or "/"
        mark = ("__Secure-" if settings.path else "__Host-") if self._secure else ""
        self._prefix = mark + "".join(f"{segment}-" for segment in settings.path.split("/") if segment)

    def full_name(self, name: str) -> str:
        """Return the name that the browser sees."""
        return f"{self._prefix}{name}"

    def get(self, name: str) -> str | None:
        """Return the value that the browser sent with Flask's current request, or None."""
        return self.of(request, name)

    def of(self, request: Request, name: str) -> str | None:
        """Return the value that the browser sent with this request, or None."""
        return request.cookies.get(self.full_name(name)) or None

    def set(self, response: Response, name: str, value: str, max_age: int | None = None) -> None:
        """Set a cookie for `max_age` seconds, or until the browser is closed."""
        response.set_cookie(
            self.full_name(name),
            value,
            max_age=max_age,
            path=self._path,
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )

    def clear(self, response: Response, name: str) -> None:
        """Delete a cookie."""
        response.delete_cookie(
            self.full_name(name), path=self._path, secure=self._secure, httponly=True, samesite="Lax"
        )
