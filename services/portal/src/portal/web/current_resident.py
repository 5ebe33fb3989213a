"""Who is signed in in this browser: the session cookie and the session behind it."""

from dataclasses import dataclass
from datetime import datetime

from flask import g, request, session
from werkzeug.wrappers import Response

from portal.clock import Clock
from portal.config import Settings
from portal.storage import Storage
from portal.web.sessions.limits import IDLE, TOUCH_EVERY
from portal.web.sessions.store import LiveSession, Sessions


@dataclass(frozen=True)
class CookieNames:
    """The portal's cookies. `__Host-` (https only) keeps other hosts of the city from setting them."""

    session: str
    browser: str
    form: str
    language: str

    @classmethod
    def of(cls, settings: Settings) -> "CookieNames":
        """Return the names; without https the prefix would keep browsers from storing them."""
        prefix = "__Host-portal" if settings.served_over_https else "portal"
        return cls(prefix, f"{prefix}-browser", f"{prefix}-form", f"{prefix}-language")


class SignInNeededError(Exception):
    """A page that needs a resident was asked for by nobody in particular."""


class CurrentResident:
    """The resident's session, read once for each request."""

    def __init__(self, storage: Storage, clock: Clock, settings: Settings) -> None:
        self._storage, self._clock = storage, clock
        self._secure, self._names = settings.served_over_https, CookieNames.of(settings)

    def load(self) -> LiveSession | None:
        """Return the live session of this browser, or None."""
        if "live_session" not in g:
            g.live_session = self._find(request.cookies.get(self._names.session, ""))
        found: LiveSession | None = g.live_session
        return found

    def require(self) -> LiveSession:
        """Return the live session; raises `SignInNeededError`, which leads to sign-in and back."""
        found = self.load()
        if found is None:
            raise SignInNeededError
        return found

    def idle_ends_at(self, live: LiveSession) -> datetime:
        """Return when the session ends if nothing more happens."""
        return min(self._clock.now() + IDLE, live.expires_at)

    def end(self) -> str | None:
        """End the session of this browser; return its sealed tokens, None if there was none."""
        live = self.load()
        g.live_session = None
        session.clear()
        if live is None:
            return None
        with self._storage.transaction() as transaction:
            return Sessions(transaction).end(live.id)

    def set_cookie(self, response: Response, secret: str) -> None:
        """Sign this browser in: a new cookie, and a new form token with it (OWASP ASVS 7.2.4)."""
        old = request.cookies.get(self._names.session)
        if old:
            with self._storage.transaction() as transaction:
                Sessions(transaction).end_by_secret(old)
        session.clear()
        self._set(response, self._names.session, secret)

    def clear_cookie(self, response: Response) -> None:
        """Take the session cookie away."""
        response.delete_cookie(
            self._names.session, path="/", secure=self._secure, httponly=True, samesite="Lax"
        )

    def browser(self) -> str:
        """Return the secret that tells this browser from others, signed in or not; empty if none yet."""
        return request.cookies.get(self._names.browser, "")

    def set_browser(self, response: Response, secret: str) -> None:
        """Give this browser its secret."""
        self._set(response, self._names.browser, secret)

    def _set(self, response: Response, name: str, value: str) -> None:
        # Lax: the way back from identity is a navigation from another site.
        response.set_cookie(name, value, path="/", secure=self._secure, httponly=True, samesite="Lax")

    def _find(self, secret: str) -> LiveSession | None:
        if not secret:
            return None
        now = self._clock.now()
        with self._storage.transaction() as transaction:
            sessions = Sessions(transaction)
            found = sessions.find(secret, now)
            if found and now - found.last_seen_at >= TOUCH_EVERY:
                sessions.touch(found.id, now)
        return found
