"""Ending a grant before its time: remembered, recorded, and the resident is told where they should know."""

from enum import StrEnum

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.oidc.grants.replay_mail import ReplayMail
from identity.oidc.grants.store import Grants, GrantView
from identity.storage import Storage


class Cause(StrEnum):
    """Why a grant was revoked."""

    CODE_REPLAYED = "code_replayed"
    REFRESH_REPLAYED = "refresh_replayed"
    REVOKED_BY_CLIENT = "revoked_by_client"
    ACCESS_REMOVED = "access_removed"
    CLIENT_DELETED = "client_deleted"


_EVENTS = {
    Cause.CODE_REPLAYED: Event.CODE_REPLAYED,
    Cause.REFRESH_REPLAYED: Event.REFRESH_REPLAYED,
    Cause.REVOKED_BY_CLIENT: Event.GRANT_REVOKED,
}
# Only a refresh token lives long enough to be used by a thief and its owner.
_TOLD_BY_MAIL = frozenset({Cause.REFRESH_REPLAYED})


class Revocation:
    """Revokes grants: every token of theirs is refused from the next request on."""

    def __init__(self, storage: Storage, clock: Clock, replay_mail: ReplayMail) -> None:
        self._storage, self._clock, self._replay_mail = storage, clock, replay_mail

    def revoke(self, facts: GrantView, cause: Cause) -> None:
        """Revoke the grant and record why, in one transaction; a second time changes nothing."""
        now, client = self._clock.now(), self._replay_mail.client_of(facts)
        with self._storage.transaction() as tx:
            if Grants(tx).revoke(facts.id, cause, now):
                if cause in _TOLD_BY_MAIL:
                    self._replay_mail.queue(tx, facts, client)
                Audit(tx).record(
                    _EVENTS[cause],
                    now,
                    resident_id=facts.resident_id,
                    client_id=facts.client_id,
                    session_id=facts.session_id,
                    grant=facts.id,
                    cause=cause.value,
                )
