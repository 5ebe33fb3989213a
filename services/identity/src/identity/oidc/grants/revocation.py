"""Ending grants before their time: the only caller of the statements that revoke.

Every token of a revoked grant is refused from the next request on. What was revoked is recorded in the audit.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from identity.account_events import AccessRemovalReason
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation
from identity.mail.messages import Recipient, sessions_ended_for_safety
from identity.mail.queue import MailQueue
from identity.oidc.grants.store import Grants, GrantView
from identity.oidc.protocol.replay_store import SingleUse, spend
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient
from identity.storage import Executor, Storage, Transaction
from identity.web.mail_links import MailLinks


class Cause(StrEnum):
    """Why a grant was revoked, as its row says in `revoked_for`."""

    CODE_REPLAYED = "code_replayed"
    REFRESH_REPLAYED = "refresh_replayed"
    REVOKED_BY_CLIENT = "revoked_by_client"
    # By the resident, on the profile page.
    ACCESS_REMOVED = "access_removed"
    CLIENT_DELETED = "client_deleted"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a cause
    # The resident's provider says that their account there was taken over, disabled, deleted or signed out.
    PROVIDER_NOTICE = AccessRemovalReason.PROVIDER_NOTICE.value
    SIGN_IN_REPORTED = AccessRemovalReason.SIGN_IN_REPORTED.value
    ACCOUNT_DISABLED = AccessRemovalReason.ACCOUNT_DISABLED.value
    ACCOUNT_DELETED = AccessRemovalReason.ACCOUNT_DELETED.value

    @property
    def event(self) -> Event:
        """What the audit records."""
        return _REPLAYS.get(self, Event.GRANT_REVOKED)


_REPLAYS = {
    Cause.CODE_REPLAYED: Event.CODE_REPLAYED,
    Cause.REFRESH_REPLAYED: Event.REFRESH_REPLAYED,
}
# The resident is told by mail: only a refresh token lives long enough to be used by a thief and its owner.
_MAILED = frozenset({Cause.REFRESH_REPLAYED})


class Revocation:
    """Revokes single grants, each in a transaction of its own."""

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

    def revoke(self, grant: GrantView, cause: Cause, uses: Sequence[SingleUse] = ()) -> None:
        """Revoke the grant, record why, and spend `uses`; a second time changes nothing."""
        now, client = self._clock.now(), self._relying_parties.client(grant.client_id)
        with self._storage.transaction() as tx:
            spend(tx, uses)
            if Grants(tx).revoke_grant(grant.id, cause, now):
                if cause in _MAILED and client:
                    self._mail_resident(tx, grant, client)
                Audit(tx).record(
                    cause.event,
                    now,
                    resident_id=grant.resident_id,
                    client_id=grant.client_id,
                    session_id=grant.session_id,
                    grant=grant.id,
                    cause=cause.value,
                )

    def _mail_resident(self, tx: Transaction, grant: GrantView, client: RegisteredClient) -> None:
        """Tell the resident that a token of theirs was replayed (RFC 9700 §4.14)."""
        continuation = Continuation(client_id=client.id, city_id=client.city_id)
        mail = sessions_ended_for_safety(
            Recipient(grant.email or "", grant.language, client.city_id),
            service=client.name,
            reset_link=self._mail_links.to("/forgot-password", continuation),
        )
        self._mail_queue.send(tx, mail)


def revoke_grants_of_resident(
    executor: Executor, resident_id: str, cause: Cause, now: datetime, *, client_id: str | None = None
) -> set[str]:
    """Revoke all that the resident allowed this client, or every client; return the sessions they were in."""
    revoked = Grants(executor).revoke_grants_of_resident(resident_id, cause, now, client_id=client_id)
    if revoked:
        Audit(executor).record(
            cause.event,
            now,
            resident_id=resident_id,
            client_id=client_id,
            cause=cause.value,
            grants=str(len(revoked)),
        )
    return set(revoked)


def revoke_grants_of_client(executor: Executor, client_id: str, cause: Cause, now: datetime) -> None:
    """Revoke all that residents allowed the client."""
    if revoked := Grants(executor).revoke_grants_of_client(client_id, cause, now):
        Audit(executor).record(cause.event, now, client_id=client_id, cause=cause.value, grants=str(revoked))
