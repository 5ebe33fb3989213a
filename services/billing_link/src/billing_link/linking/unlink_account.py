"""UnlinkAccount: removes one of a resident's links."""

from enum import Enum, auto

from billing_link.audit.store import Audit, Event
from billing_link.billing_records.port import BillingRecords
from billing_link.clock import Clock
from billing_link.linking.cities import City
from billing_link.linking.links import Resident, account_ending, actor_of
from billing_link.linking.store import Links
from billing_link.notifications.store import NotificationKind, Notifications
from billing_link.storage import Storage, hold
from billing_link.tokens.caller import Caller


class UnlinkOutcome(Enum):
    """The outcome of an unlink. The contract answers both alike, so that the call is idempotent."""

    REMOVED = auto()
    NOT_LINKED = auto()


class UnlinkAccount:
    """Removes a link. An auto-link that is removed, at any time, is not made again."""

    def __init__(self, storage: Storage, records: BillingRecords, clock: Clock) -> None:
        self._storage = storage
        self._records = records
        self._clock = clock

    def __call__(self, caller: Caller, city: City, link_id: str) -> UnlinkOutcome:
        """Remove the link; NOT_LINKED, and no change, if the resident has no such link."""
        now = self._clock.now()
        resident = Resident.of(caller, city.id)
        ending = self._ending_of(resident, link_id)
        with self._storage.transaction() as tx:
            hold(tx, *resident.lock_names)
            links = Links(tx)
            link = links.remove_link(resident, link_id)
            if link is None:
                return UnlinkOutcome.NOT_LINKED
            undone = links.record_auto_link_undone(resident, link)
            Audit(tx).record(
                Event.LINK_REMOVED,
                now,
                city_id=city.id,
                actor=actor_of(caller),
                details={"link_id": link_id, "undone_auto_link": "yes" if undone else "no"},
            )
            facts = {"account_ending": ending or account_ending(link.pair.account_number)}
            Notifications(tx).queue(
                NotificationKind.UNLINKED, city_id=city.id, subject=caller.subject, details=facts, now=now
            )
        return UnlinkOutcome.REMOVED

    def _ending_of(self, resident: Resident, link_id: str) -> str:
        """Return the end of the printed account number; empty if the records have the account no more."""
        with self._storage.autocommit() as connection:
            link = Links(connection).find_link(resident, link_id)
        account = self._records.find_account(resident.city_id, link.pair, closed_after=None) if link else None
        return account_ending(account.account_number) if account else ""
