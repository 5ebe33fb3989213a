"""The session of this request: its cookie, and the resident it belongs to."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import after_this_request, g, request, session
from werkzeug.wrappers import Response

from portal.clock import Clock
from portal.config import Settings
from portal.secret_keys import SecretKeys
from portal.storage import Storage
from portal.web.sessions.limits import IDLE, TOUCH_EVERY
from portal.web.sessions.rotation import SecretRotation, SecretUse
from portal.web.sessions.store import LiveSession, ReplayedSession, Sessions

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CookieNames:
    """The portal's cookies. `__Host-` keeps other hosts from setting them (RFC 6265bis §4.1.3.2).

    Below a path the cookies have that path, for which browsers refuse `__Host-`, so it is `__Secure-`; the
    path is in the name too, so that of two portals, one below the other, neither reads the other's.
    """

    session: str
    browser: str
    form: str
    language: str

    @classmethod
    def of(cls, settings: Settings) -> "CookieNames":
        """Return the names; browsers accept the prefixes on https alone."""
        mark = ("__Secure-" if settings.path else "__Host-") if settings.served_over_https else ""
        prefix = mark + "".join(f"{segment}-" for segment in settings.path.split("/") if segment) + "portal"
        return cls(prefix, f"{prefix}-browser", f"{prefix}-form", f"{prefix}-language")


class SignInNeededError(Exception):
    """The page is for a signed-in resident, and none is signed in."""


class CurrentResident:
    """The session of the browser that makes the request, read once a request."""

    def __init__(self, storage: Storage, clock: Clock, settings: Settings, secret_keys: SecretKeys) -> None:
        self._storage, self._clock = storage, clock
        self._rotation = SecretRotation(secret_keys)
        self._secure, self._names = settings.served_over_https, CookieNames.of(settings)
        self._path = settings.path or "/"

    def find_session(self) -> LiveSession | None:
        """Return the live session; None if there is none."""
        if "live_session" not in g:
            g.live_session = self._find_live(request.cookies.get(self._names.session, ""))
        found: LiveSession | None = g.live_session
        return found

    def forget_session(self) -> None:
        """Answer this request as one without a session, for when the session cannot be read."""
        g.live_session = None

    def require_session(self) -> LiveSession:
        """Return the live session; raises `SignInNeededError`, answered by sign-in and back."""
        found = self.find_session()
        if found is None:
            raise SignInNeededError
        return found

    def idle_ends_at(self, live: LiveSession) -> datetime:
        """Return when the session ends if it is not used again."""
        return min(self._clock.now() + IDLE, live.expires_at)

    def end_session(self) -> str | None:
        """End the session; return its encrypted tokens, None if there was none."""
        live = self.find_session()
        g.live_session = None
        session.clear()
        if live is None:
            return None
        with self._storage.autocommit() as connection:
            return Sessions(connection).end_session(live.id)

    def begin_session(self, response: Response, secret: str) -> None:
        """Set a new session's cookie and end the old session and CSRF token (OWASP ASVS 7.2.4)."""
        old = request.cookies.get(self._names.session)
        if old:
            with self._storage.autocommit() as connection:
                Sessions(connection).end_session_by_secret(old)
        session.clear()
        g.pop("session_successor", None)
        self._set(response, self._names.session, secret)

    def clear_session_cookie(self, response: Response) -> None:
        """Delete the session cookie."""
        g.pop("session_successor", None)
        response.delete_cookie(
            self._names.session, path=self._path, secure=self._secure, httponly=True, samesite="Lax"
        )

    def browser_secret(self) -> str:
        """Return the secret of this browser's cookie, signed in or not; empty if it has none."""
        return request.cookies.get(self._names.browser, "")

    def set_browser_secret(self, response: Response, secret: str) -> None:
        """Set this browser's cookie."""
        self._set(response, self._names.browser, secret)

    def _set(self, response: Response, name: str, value: str) -> None:
        # Lax, not Strict: the callback is a navigation from another site.
        response.set_cookie(name, value, path=self._path, secure=self._secure, httponly=True, samesite="Lax")

    def _find_live(self, secret: str) -> LiveSession | None:
        if not secret:
            return None
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            sessions = Sessions(connection)
            found = sessions.find_session(secret, now)
            if isinstance(found, LiveSession):
                self._note_use(sessions, found, secret, now)
            elif isinstance(found, ReplayedSession):
                # Of the two browsers that have the cookie neither is known to be the resident's.
                sessions.end_session(found.id)
                log.warning("session_secret_replayed", session=found.id)
        return found if isinstance(found, LiveSession) else None

    def _note_use(self, sessions: Sessions, live: LiveSession, secret: str, now: datetime) -> None:
        """Write what this use changes, if anything: at most one statement."""
        match live.secret_use:
            case SecretUse.DUE if request.method != "HEAD":
                successor = self._rotation.successor(secret)
                if sessions.rotate_secret(live.id, secret, successor, now):
                    self._give(successor)
            case SecretUse.SUCCESSOR_LOST:
                self._give(self._rotation.successor(secret))
            case SecretUse.FIRST_SEEN:
                sessions.confirm_secret(live.id, secret, now)
            case _ if now - live.last_seen_at >= TOUCH_EVERY:
                sessions.record_use(live.id, now)

    def _give(self, successor: str) -> None:
        """Set the cookie with the response, unless a sign-in or a sign-out does."""
        g.session_successor = successor

        @after_this_request
        def _set(response: Response) -> Response:
            if g.get("session_successor") == successor:
                self._set(response, self._names.session, successor)
            return response
