"""The verb "Sign out"."""

from identity.account_events import AccountEvents, SessionEnded
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.residents.sessions.store import Sessions
from identity.storage import Storage
from identity.web.current_session import SignedIn
from identity.web.visitor import Visitor


class SignOut:
    """Ends the session of this browser."""

    def __init__(self, storage: Storage, clock: Clock, account_events: AccountEvents) -> None:
        self._storage = storage
        self._clock = clock
        self._account_events = account_events

    def sign_out(self, current: SignedIn, visitor: Visitor) -> None:
        """End the session on the server; a copy of its cookie opens nothing afterwards."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            if Sessions(tx).end(current.sid, now):
                self._account_events.publish(tx, SessionEnded(current.resident_id, current.sid))
                Audit(tx).record(
                    Event.SIGN_OUT,
                    now,
                    resident_id=current.resident_id,
                    session_id=current.sid,
                    ip_address=visitor.ip_address,
                )
