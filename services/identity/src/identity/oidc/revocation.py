"""Ending a grant because something on it went wrong: remembered, and recorded."""

from enum import StrEnum

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.oidc.store import GrantFacts, Grants
from identity.storage import Storage


class Cause(StrEnum):
    """Why a grant was revoked."""

    CODE_REPLAYED = "code_replayed"
    REFRESH_REPLAYED = "refresh_replayed"


_EVENTS = {Cause.CODE_REPLAYED: Event.CODE_REPLAYED, Cause.REFRESH_REPLAYED: Event.REFRESH_REPLAYED}


class Revocation:
    """Revokes grants: every token of theirs is refused from the next request on."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    def revoke(self, facts: GrantFacts, cause: Cause) -> None:
        """Revoke the grant and record why, in one transaction; a second time changes nothing."""
        now = self._clock.now()
        with self._storage.transaction() as session:
            if Grants(session).revoke(facts.id, cause, now):
                Audit(session).record(
                    _EVENTS[cause],
                    now,
                    resident_id=facts.resident_id,
                    client_id=facts.client_id,
                    session_id=facts.session_id,
                    grant=facts.id,
                )
