"""The verbs of the link "Stop these emails", in every mail that a stranger may have asked for."""

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.rate_limits.mail_budget import MailBudget, StopLink
from identity.residents.accounts.store import Accounts
from identity.storage import Storage, Transaction
from identity.web.visitor import Visitor


class InvalidStopLink:
    """A link that is made up or older than a month."""


class StopEmails:
    """Stops what strangers cause, and resumes it: both need the link, so both are the mailbox's owner."""

    def __init__(self, storage: Storage, clock: Clock, mail_budget: MailBudget) -> None:
        self._storage, self._clock, self._mail_budget = storage, clock, mail_budget

    def find_link(self, token: str) -> StopLink | InvalidStopLink:
        """Return what the link is for. Changes nothing: mail scanners open links too."""
        with self._storage.transaction() as tx:
            return self._mail_budget.read_stop_link(tx, token, self._clock.now()) or InvalidStopLink()

    def stop(self, token: str, visitor: Visitor) -> StopLink | InvalidStopLink:
        """Send nothing for a week that is asked for on a device which the owner has not used."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            link = self._mail_budget.read_stop_link(tx, token, now)
            if link is None:
                return InvalidStopLink()
            until = self._mail_budget.stop(tx, link.address_key, now)
            self._record(tx, Event.EMAILS_STOPPED, link, visitor)
            return StopLink(link.address_key, until)

    def resume(self, token: str, visitor: Visitor) -> StopLink | InvalidStopLink:
        """Send again what is asked for, beginning to count anew."""
        with self._storage.transaction() as tx:
            link = self._mail_budget.read_stop_link(tx, token, self._clock.now())
            if link is None:
                return InvalidStopLink()
            self._mail_budget.resume(tx, link.address_key)
            self._record(tx, Event.EMAILS_RESUMED, link, visitor)
            return StopLink(link.address_key, None)

    def _record(self, tx: Transaction, event: Event, link: StopLink, visitor: Visitor) -> None:
        resident = Accounts(tx).by_email_key(link.address_key)
        resident_id = resident.id if resident else None
        Audit(tx).record(event, self._clock.now(), resident_id=resident_id, ip_address=visitor.ip_address)
