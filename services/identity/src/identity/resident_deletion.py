"""Deleting a resident's account for good: shared by the verbs that do it, each in its own transaction."""

from datetime import datetime

from identity.account_events import AccountEvents, AccountPurged
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.mail.store import RefusedAddresses
from identity.residents.accounts.models import Resident
from identity.residents.accounts.store import Accounts
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.storage import Transaction


class ResidentDeletion:
    """Deletes residents in the caller's transaction."""

    def __init__(self, sessions: SessionLifecycle, account_events: AccountEvents) -> None:
        self._sessions, self._account_events = sessions, account_events

    def delete_resident(
        self, tx: Transaction, resident: Resident, end_reason: EndReason, now: datetime, **details: str
    ) -> int:
        """Delete the account with all that is the resident's alone; return how many sessions ended.

        Clients are read off grants, so sessions end and the deletion is published while the rows still
        exist. What is queued of it names the resident by `sub` and stays. `details` go into the audit.
        """
        # A sign-in under way has begun its session by now, or never will.
        Accounts(tx).hold_active(resident.id)
        ended = self._sessions.end_all(tx, resident.id, end_reason, now, **details)
        self._account_events.publish(tx, AccountPurged(resident.id, resident.email_key))
        Audit(tx).record(Event.RESIDENT_DELETED, now, resident_id=resident.id, **details)
        if resident.email_key:
            RefusedAddresses(tx).delete_refusal(resident.email_key)
        Accounts(tx).delete_resident(resident.id)
        return ended
