"""The verb "Sign out"."""

from identity.clock import Clock
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.storage import Storage
from identity.web.current_session import SignedIn
from identity.web.visitor import Visitor


class SignOut:
    """Ends the session of this browser."""

    def __init__(self, storage: Storage, clock: Clock, sessions: SessionLifecycle) -> None:
        self._storage, self._clock, self._sessions = storage, clock, sessions

    def sign_out(self, current: SignedIn, visitor: Visitor) -> None:
        """End the session on the server, so that a copy of its cookie opens nothing afterwards."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            self._sessions.end(tx, [current.sid], EndReason.SIGNED_OUT, now, ip_address=visitor.ip_address)
