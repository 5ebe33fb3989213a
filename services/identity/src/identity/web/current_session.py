"""Who is signed in in the browser that asks."""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, g

from identity.clock import Clock
from identity.residents.sessions import limits
from identity.residents.sessions.store import Sessions
from identity.storage import Storage
from identity.web.cookies import Cookies

_COOKIE = "session"
_CACHE = "signed_in"


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

    def __init__(self, storage: Storage, clock: Clock, cookies: Cookies) -> None:
        self._storage = storage
        self._clock = clock
        self._cookies = cookies

    def load(self) -> SignedIn | None:
        """Return the live session of this browser, or None; using it keeps it alive."""
        if _CACHE not in g:
            setattr(g, _CACHE, self._find())
        found: SignedIn | None = g.get(_CACHE)
        return found

    def set_cookie(self, response: Response, secret: str, remembered: bool) -> None:  # noqa: FBT001 - agreed signature
        """Give the browser the session's secret: for 30 days if remembered, else until it is closed."""
        g.pop(_CACHE, None)
        max_age = int(limits.REMEMBERED.absolute.total_seconds()) if remembered else None
        self._cookies.set(response, _COOKIE, secret, max_age)

    def clear_cookie(self, response: Response) -> None:
        """Take the session's cookie from the browser; the session itself is ended by its store."""
        g.pop(_CACHE, None)
        self._cookies.clear(response, _COOKIE)

    def _find(self) -> SignedIn | None:
        secret = self._cookies.get(_COOKIE)
        if secret is None:
            return None
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            sessions = Sessions(connection)
            live = sessions.find_session(secret, now)
            if live is None:
                return None
            if live.is_due_to_be_touched(now):
                sessions.touch_session(live.sid, now)
        return SignedIn(live.sid, live.resident_id, live.authenticated_at, live.amr, live.remembered)
