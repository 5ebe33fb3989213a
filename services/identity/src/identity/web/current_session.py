"""Who is signed in in the browser that asks.

What a request finds of the session stays with the request (PEP 3333's environment), so that the API and the
pages, which one request may pass, look it up once.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from flask import Flask, request
from werkzeug.wrappers import Request, Response

from identity.clock import Clock
from identity.residents.sessions import limits
from identity.residents.sessions.rotation import SecretRotation, SecretUse
from identity.residents.sessions.store import LiveSession, ReplayedSession, Sessions
from identity.secret_keys import SecretKeys
from identity.storage import Storage
from identity.web.cookies import Cookies
from identity.web.replayed_sessions import ReplayedSessions
from identity.web.visitor import visitor_of

R = TypeVar("R", bound=Response)

_COOKIE = "session"
_FOUND = "identity.session"


@dataclass(frozen=True)
class SignedIn:
    """A live session of this browser."""

    sid: str
    resident_id: str
    # When the resident last proved who they are: `auth_time`.
    authenticated_at: datetime
    # RFC 8176 values.
    amr: list[str]
    remembered: bool


@dataclass
class _Found:
    """What a request found of its browser's session. May hold a secret."""

    signed_in: SignedIn | None = None
    # What replaces the secret that the browser sent.
    successor: str | None = None


class CurrentSession:
    """Finds the session behind a request's cookie, once a request, and hands out the cookie."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        cookies: Cookies,
        secret_keys: SecretKeys,
        replayed_sessions: ReplayedSessions,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._cookies = cookies
        self._rotation = SecretRotation(secret_keys)
        self._replayed_sessions = replayed_sessions

    def init_app(self, app: Flask) -> None:
        """Attach to the application, whose responses are completed."""
        app.after_request(lambda response: self.complete(response, request))

    def load(self) -> SignedIn | None:
        """Return the live session of the browser of Flask's current request, or None, as `of`."""
        return self.of(request)

    def of(self, request: Request) -> SignedIn | None:
        """Return the live session of the browser that sent this request, or None.

        Using it keeps it alive, and now and then gives the browser a new secret: see `complete`.
        """
        if _FOUND not in request.environ:
            request.environ[_FOUND] = self._find(request)
        found: _Found = request.environ[_FOUND]
        return found.signed_in

    def complete(self, response: R, request: Request) -> R:
        """Give the browser the new secret with the response, unless a sign-in or a sign-out does."""
        found: _Found | None = request.environ.get(_FOUND)
        if found and found.signed_in and found.successor:
            self._set(response, found.successor, remembered=found.signed_in.remembered)
        return response

    def set_cookie(self, response: Response, secret: str, remembered: bool) -> None:  # noqa: FBT001 - agreed signature
        """Give the browser the session's secret: for 30 days if remembered, else until it is closed."""
        request.environ.pop(_FOUND, None)
        self._set(response, secret, remembered=remembered)

    def clear_cookie(self, response: Response) -> None:
        """Take the session's cookie from the browser; the session itself is ended by its store."""
        request.environ.pop(_FOUND, None)
        self._cookies.clear(response, _COOKIE)

    def _find(self, request: Request) -> _Found:
        secret = self._cookies.of(request, _COOKIE)
        if secret is None:
            return _Found()
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            sessions = Sessions(connection)
            live = sessions.find_session(secret, now)
            if isinstance(live, LiveSession):
                may_rotate = request.method != "HEAD"
                successor = self._note_use(sessions, live, secret, now, may_rotate=may_rotate)
                signed_in = SignedIn(
                    live.sid, live.resident_id, live.authenticated_at, live.amr, live.remembered
                )
                return _Found(signed_in, successor)
        if isinstance(live, ReplayedSession):
            self._replayed_sessions.end(live, visitor_of(request))
        return _Found()

    def _note_use(
        self, sessions: Sessions, live: LiveSession, secret: str, now: datetime, *, may_rotate: bool
    ) -> str | None:
        """Write what this use changes, if anything: at most one statement. Return the next secret, if any."""
        match live.secret_use:
            case SecretUse.DUE if may_rotate:
                successor = self._rotation.successor(secret)
                return successor if sessions.rotate_secret(live.sid, secret, successor, now) else None
            case SecretUse.SUCCESSOR_LOST:
                return self._rotation.successor(secret)
            case SecretUse.FIRST_SEEN:
                sessions.confirm_secret(live.sid, secret, now)
            case _ if live.is_due_to_be_touched(now):
                sessions.touch_session(live.sid, now)
        return None

    def _set(self, response: Response, secret: str, *, remembered: bool) -> None:
        max_age = int(limits.REMEMBERED.absolute.total_seconds()) if remembered else None
        self._cookies.set(response, _COOKIE, secret, max_age)
