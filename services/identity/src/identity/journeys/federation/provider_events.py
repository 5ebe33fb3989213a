"""The verbs that act on security event tokens and deletion requests of providers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

import structlog

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation
from identity.identity_providers.provider import ProviderRefusal, Refusal
from identity.identity_providers.security_events import SecurityEvent, VerifiedSecurityEvents
from identity.journeys.federation.pending_store import FirstSignIns
from identity.journeys.federation.provider_event_store import DataDeletions, ProviderNotices
from identity.mail.messages import Mail, id_deleted
from identity.mail.queue import MailQueue
from identity.resident_deletion import ResidentDeletion
from identity.residents.accounts.models import Resident
from identity.residents.accounts.recipient import recipient_of
from identity.residents.accounts.store import Accounts
from identity.residents.federated_identities.store import FederatedIdentities
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.storage import Storage, Transaction
from identity.web.mail_links import MailLinks

_log = structlog.get_logger(__name__)


@runtime_checkable
class SecurityEventSender(Protocol):
    """A provider that reports events of its accounts (RFC 8417)."""

    def read_security_events(self, token: str, /) -> VerifiedSecurityEvents:
        """Verify a security event token; raises `ProviderRefusal`."""
        ...


class DeletionRequest(Protocol):
    """A verified request to delete what is held of an account."""

    @property
    def issuer(self) -> str:
        """The account's issuer."""

    @property
    def subject(self) -> str:
        """The account's subject."""


@runtime_checkable
class DeletionRequestSender(Protocol):
    """A provider at which people can request the deletion of their data here."""

    def deletion_request(self, signed_request: str, /) -> DeletionRequest:
        """Verify a request; raises `ProviderRefusal`."""
        ...


class EventAccepted:
    """The event is handled, now or before."""


@dataclass(frozen=True)
class EventRefused:
    """The message does not verify, or cannot be verified now."""

    refusal: Refusal


@dataclass(frozen=True)
class DataDeleted:
    """The resident of the account, if any, is deleted."""

    # The confirmation code that the person may quote.

    code: str


class HandleProviderEvent:
    """Acts on events and requests; each event is handled once, a repeated request gets a code of its own."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        mail_queue: MailQueue,
        mail_links: MailLinks,
        sessions: SessionLifecycle,
        deletion: ResidentDeletion,
    ) -> None:
        self._storage, self._clock = storage, clock
        self._mail_queue, self._mail_links = mail_queue, mail_links
        self._sessions, self._deletion = sessions, deletion

    def handle_security_event(
        self, key: str, sender: SecurityEventSender, token: str
    ) -> EventAccepted | EventRefused:
        """End the sessions of the residents whom a verified event concerns."""
        try:
            notice = sender.read_security_events(token)
        except ProviderRefusal as refusal:
            _log.warning("provider_event_refused", provider=key, cause=refusal.cause)
            return EventRefused(refusal.refusal)
        now = self._clock.now()
        with self._storage.transaction() as tx:
            if ProviderNotices(tx).is_new(key, notice.id, now):
                self._act(tx, key, notice.events, now)
        return EventAccepted()

    def handle_deletion_request(
        self, key: str, sender: DeletionRequestSender, request: str
    ) -> DataDeleted | EventRefused:
        """Delete the resident who signs in with this account only, and its pending first sign-ins."""
        try:
            asked = sender.deletion_request(request)
        except ProviderRefusal as refusal:
            _log.warning("provider_deletion_refused", provider=key, cause=refusal.cause)
            return EventRefused(refusal.refusal)
        now = self._clock.now()
        with self._storage.transaction() as tx:
            known = FederatedIdentities(tx).find_identity(asked.issuer, asked.subject)
            FirstSignIns(tx).delete_of_account(asked.issuer, asked.subject)
            resident = Accounts(tx).get(known.resident_id) if known else None
            if resident is not None:
                self._mail_queue.send(tx, self._id_deleted(resident))
                self._deletion.delete_resident(tx, resident, EndReason.DELETED_AT_PROVIDER, now, by=key)
            return DataDeleted(DataDeletions(tx).note(key, now))

    def is_deleted(self, key: str, code: str) -> bool:
        """Return whether this is the confirmation code of a deletion."""
        with self._storage.transaction() as tx:
            return DataDeletions(tx).is_known(key, code)

    def _id_deleted(self, resident: Resident) -> Mail:
        continuation = Continuation(city_id=resident.city_id or "")
        sign_in_link = self._mail_links.to("/sign-in", continuation)
        to = recipient_of(resident, resident.city_id)
        return id_deleted(to, provider=resident.sign_in_method, sign_in_link=sign_in_link)

    def _act(self, tx: Transaction, key: str, events: Sequence[SecurityEvent], now: datetime) -> None:
        identities, ending = FederatedIdentities(tx), dict[str, str]()
        for event in events:
            known = identities.find_identity(event.issuer, event.subject) if event.subject else None
            if event.subject and event.kind.ends_sessions:
                FirstSignIns(tx).delete_of_account(event.issuer, event.subject)
            resident_id, why = known.resident_id if known else None, event.kind.value
            Audit(tx).record(Event.PROVIDER_NOTICE_ACCEPTED, now, resident_id=resident_id, by=key, why=why)
            if resident_id and event.kind.ends_sessions:
                ending.setdefault(resident_id, why)
        for resident_id, why in ending.items():
            # A sign-in under way on an earlier answer has begun its session by now, or never will.
            Accounts(tx).hold_active(resident_id)
            identities.revoke_answers(resident_id, now)
            self._sessions.end_all(tx, resident_id, EndReason.PROVIDER_EVENT, now, by=key, why=why)
