"""UnlinkAccount: removes one of a resident's links."""

from enum import Enum, auto

from billing_link.audit.store import Event, new_event
from billing_link.clock import Clock
from billing_link.linking.account_reads.reads import AccountReads
from billing_link.linking.cities import City
from billing_link.linking.links import Resident, account_ending, actor_of
from billing_link.linking.store import Links
from billing_link.new_rows import add_together
from billing_link.notifications.store import NotificationKind, new_notification
from billing_link.storage import Storage
from billing_link.tokens.caller import Caller


class UnlinkOutcome(Enum):
    """The outcome of an unlink. The contract answers both alike, so that the call is idempotent."""

    REMOVED = auto()
    NOT_LINKED = auto()


class UnlinkAccount:
    """Removes a link. An auto-link that is removed, at any time, is not made again."""

    def __init__(self, storage: Storage, reads: AccountReads, clock: Clock) -> None:
        self._storage = storage
        self._reads = reads
        self._clock = clock

    def __call__(self, caller: Caller, city: City, link_id: str) -> UnlinkOutcome:
        """Remove the link; NOT_LINKED, and no change, if the resident has no such link."""
        now = self._clock.now()
        resident = Resident.of(caller, city.id)
        linked = self._reads.find_linked(resident, link_id)
        with self._storage.transaction() as tx:
            links = Links(tx)
            links.hold(resident.lock_names)
            link = links.remove_link(resident, link_id)
            if link is None:
                return UnlinkOutcome.NOT_LINKED
            undone = links.record_auto_link_undone(resident, link)
            removed = new_event(
                Event.LINK_REMOVED,
                now,
                city_id=city.id,
                actor=actor_of(caller),
                details={"link_id": link_id, "undone_auto_link": "yes" if undone else "no"},
            )
            # As printed, unless the records no longer hold the account.
            number = linked.account.account_number if linked else link.pair.account_number
            notification = new_notification(
                NotificationKind.UNLINKED,
                city_id=city.id,
                subject=caller.subject,
                details={
                    "account_ending": account_ending(number) or account_ending(link.pair.account_number)
                },
                now=now,
            )
            add_together(tx, removed, notification)
        return UnlinkOutcome.REMOVED
