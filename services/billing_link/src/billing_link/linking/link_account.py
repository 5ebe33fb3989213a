"""Links an account to a resident: the verb for `remember`, and `make_link`, which makes every link."""

from dataclasses import dataclass
from datetime import datetime

from billing_link import randomness
from billing_link.audit.store import Audit, Event
from billing_link.billing_records.port import BillingRecords, UtilityAccount
from billing_link.clock import Clock
from billing_link.errors import Refusal, Refused
from billing_link.linking.cities import City
from billing_link.linking.links import MOST_LINKS, Link, Origin, Resident, account_ending, actor_of
from billing_link.linking.store import Links
from billing_link.notifications.store import NotificationKind, Notifications
from billing_link.storage import Executor, Storage, hold
from billing_link.tokens.caller import Caller


@dataclass(frozen=True, slots=True)
class NewLink:
    """A requested link: its caller, its account and its origin."""

    caller: Caller
    resident: Resident
    account: UtilityAccount
    origin: Origin
    now: datetime
    # Auto-links only.
    undo_until: datetime | None = None


class LinkAccount:
    """Links an account that the resident has just found by its numbers."""

    def __init__(self, storage: Storage, records: BillingRecords, clock: Clock) -> None:
        self._storage = storage
        self._records = records
        self._clock = clock

    def __call__(self, caller: Caller, city: City, account: UtilityAccount) -> Link | Refused:
        """Return the existing or the new link; refuses with ALREADY_LINKED or LINK_LIMIT_REACHED."""
        now = self._clock.now()
        resident = Resident.of(caller, city.id)
        siblings: list[UtilityAccount] = []
        if city.whole_customer:
            customer_id, closed_after = account.pair.customer_id, city.closed_after(now.date())
            pairs = self._records.pairs_of_customer(city.id, customer_id, closed_after=closed_after)
            found = self._records.find_accounts(city.id, pairs)
            siblings = [found[pair] for pair in pairs if pair in found]
        with self._storage.transaction() as tx:
            outcome = make_link(tx, city, NewLink(caller, resident, account, Origin.RESIDENT, now))
            if isinstance(outcome, Link):
                for sibling in siblings:
                    make_link(tx, city, NewLink(caller, resident, sibling, Origin.RESIDENT, now))
        return outcome


def make_link(tx: Executor, city: City, new: NewLink) -> Link | Refused:
    """Make a link within an open transaction, and queue its notifications; idempotent.

    Links of one resident wait for one another, and so do links to accounts of one customer ID.
    """
    resident, pair = new.resident, new.account.pair
    hold(tx, *resident.lock_names)
    hold(tx, "customer", resident.city_id, pair.customer_id)
    links = Links(tx)
    if existing := links.find_link_to(resident, pair):
        return existing
    others = links.other_subjects_linked_to(resident, pair)
    if city.exclusive and others:
        return _refuse(tx, new, Refused(Refusal.ALREADY_LINKED))
    if links.count_links(resident) >= MOST_LINKS:
        return _refuse(tx, new, Refused(Refusal.LINK_LIMIT_REACHED, {"limit": str(MOST_LINKS)}))
    link = Link(randomness.identifier(), pair, new.origin, new.now, new.undo_until)
    links.add_link(resident, link)
    Audit(tx).record(
        Event.LINK_MADE,
        new.now,
        city_id=resident.city_id,
        actor=actor_of(new.caller),
        details={"link_id": link.link_id, "origin": link.origin.value},
    )
    _queue_notifications(Notifications(tx), new, others)
    return link


def _queue_notifications(notifications: Notifications, new: NewLink, others: list[str]) -> None:
    """Queue one for the resident, and one for each other resident who has linked the same account."""
    facts = {"account_ending": account_ending(new.account.account_number)}
    for other in others:
        notifications.queue(
            NotificationKind.LINKED_BY_OTHER,
            city_id=new.resident.city_id,
            subject=other,
            details=facts,
            now=new.now,
        )
    kind = NotificationKind.LINKED
    if new.undo_until:
        kind, facts = NotificationKind.AUTO_LINKED, facts | {"undo_until": new.undo_until.date().isoformat()}
    notifications.queue(
        kind, city_id=new.resident.city_id, subject=new.resident.subject, details=facts, now=new.now
    )


def _refuse(tx: Executor, new: NewLink, refused: Refused) -> Refused:
    """Record the refusal in the audit trail, and return it."""
    Audit(tx).record(
        Event.LINK_REFUSED,
        new.now,
        city_id=new.resident.city_id,
        actor=actor_of(new.caller),
        details={"reason": refused.reason.value},
    )
    return refused
