"""Who is signed in in the browser that asks."""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, after_this_request, g, request

from identity.clock import Clock
from identity.residents.sessions import limits
from identity.residents.sessions.rotation import SecretRotation, SecretUse
from identity.residents.sessions.store import LiveSession, ReplayedSession, Sessions
from identity.secret_keys import SecretKeys
from identity.storage import Storage
from identity.web.cookies import Cookies
from identity.web.replayed_sessions import ReplayedSessions
from identity.web.visitor import current_visitor

_COOKIE = "session"
_CACHE = "signed_in"
_SUCCESSOR = "session_successor"


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


class CurrentSession:
    """Finds the session behind the request's cookie, once a request, and hands out the cookie."""

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

    def load(self) -> SignedIn | None:
        """Return the live session of this browser, or None.

        Using it keeps it alive, and now and then gives the browser a new secret with the response.
        """
        if _CACHE not in g:
            setattr(g, _CACHE, self._find())
        found: SignedIn | None = g.get(_CACHE)
        return found

    def set_cookie(self, response: Response, secret: str, remembered: bool) -> None:  # noqa: FBT001 - agreed signature
        """Give the browser the session's secret: for 30 days if remembered, else until it is closed."""
        g.pop(_CACHE, None)
        g.pop(_SUCCESSOR, None)
        self._set(response, secret, remembered=remembered)

    def clear_cookie(self, response: Response) -> None:
        """Take the session's cookie from the browser; the session itself is ended by its store."""
        g.pop(_CACHE, None)
        g.pop(_SUCCESSOR, None)
        self._cookies.clear(response, _COOKIE)

    def _find(self) -> SignedIn | None:
        secret = self._cookies.get(_COOKIE)
        if secret is None:
            return None
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            sessions = Sessions(connection)
            found = sessions.find_session(secret, now)
            if isinstance(found, LiveSession):
                self._note_use(sessions, found, secret, now)
        if isinstance(found, ReplayedSession):
            self._replayed_sessions.end(found, current_visitor())
        if not isinstance(found, LiveSession):
            return None
        return SignedIn(found.sid, found.resident_id, found.authenticated_at, found.amr, found.remembered)

    def _note_use(self, sessions: Sessions, live: LiveSession, secret: str, now: datetime) -> None:
        """Write what this use changes, if anything: at most one statement."""
        match live.secret_use:
            case SecretUse.DUE if request.method != "HEAD":
                successor = self._rotation.successor(secret)
                if sessions.rotate_secret(live.sid, secret, successor, now):
                    self._give(successor, remembered=live.remembered)
            case SecretUse.SUCCESSOR_LOST:
                self._give(self._rotation.successor(secret), remembered=live.remembered)
            case SecretUse.FIRST_SEEN:
                sessions.confirm_secret(live.sid, secret, now)
            case _ if live.is_due_to_be_touched(now):
                sessions.touch_session(live.sid, now)

    def _give(self, successor: str, *, remembered: bool) -> None:
        """Set the cookie with the response, unless a sign-in or a sign-out does."""
        setattr(g, _SUCCESSOR, successor)

        @after_this_request
        def _set(response: Response) -> Response:
            if g.get(_SUCCESSOR) == successor:
                self._set(response, successor, remembered=remembered)
            return response

    def _set(self, response: Response, secret: str, *, remembered: bool) -> None:
        max_age = int(limits.REMEMBERED.absolute.total_seconds()) if remembered else None
        self._cookies.set(response, _COOKIE, secret, max_age)
