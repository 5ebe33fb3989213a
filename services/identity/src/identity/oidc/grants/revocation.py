"""Ending a grant before its time: remembered, recorded, and the resident is told where they should know."""

from enum import StrEnum

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.mail.messages import Recipient, sessions_ended_for_safety
from identity.mail.queue import MailQueue
from identity.oidc.grants.store import Grants, GrantView
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient
from identity.storage import Storage, Transaction
from identity.web.continuation import Continuation
from identity.web.mail_links import MailLinks


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

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        relying_parties: RelyingPartyCache,
        mail_queue: MailQueue,
        mail_links: MailLinks,
    ) -> None:
        self._storage, self._clock, self._relying_parties = storage, clock, relying_parties
        self._mail_queue, self._mail_links = mail_queue, mail_links

    def revoke(self, facts: GrantView, cause: Cause) -> None:
        """Revoke the grant and record why, in one transaction; a second time changes nothing."""
        now, client = self._clock.now(), self._relying_parties.client(facts.client_id)
        with self._storage.transaction() as tx:
            if Grants(tx).revoke(facts.id, cause, now):
                if cause in _TOLD_BY_MAIL and client:
                    self._mail_resident(tx, facts, client)
                Audit(tx).record(
                    _EVENTS[cause],
                    now,
                    resident_id=facts.resident_id,
                    client_id=facts.client_id,
                    session_id=facts.session_id,
                    grant=facts.id,
                    cause=cause.value,
                )

    def _mail_resident(self, tx: Transaction, facts: GrantView, client: RegisteredClient) -> None:
        """Tell the resident that a token of theirs was replayed (RFC 9700 §4.14)."""
        continuation = Continuation(client_id=client.id, city_id=client.city_id)
        mail = sessions_ended_for_safety(
            Recipient(facts.email or "", facts.language, client.city_id),
            service=client.name,
            reset_link=self._mail_links.to("/forgot-password", continuation),
        )
        self._mail_queue.send(tx, mail)
