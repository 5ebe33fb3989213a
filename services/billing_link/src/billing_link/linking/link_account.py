"""Has an account remembered for a resident: the verb, and the one place where a link is made."""

from dataclasses import dataclass
from datetime import datetime

from billing_link import randomness
from billing_link.audit.store import Audit, Event
from billing_link.billing_records.port import BillingRecords, Pair
from billing_link.clock import Clock
from billing_link.errors import Refusal, Refused
from billing_link.linking.cities import City
from billing_link.linking.links import MOST_LINKS, Link, Origin, Resident, account_ending
from billing_link.linking.store import Links
from billing_link.notifications.store import NotificationKind, Notifications
from billing_link.storage import Executor, Storage, hold
from billing_link.tokens.caller import Caller


@dataclass(frozen=True, slots=True)
class NewLink:
    """What is asked for: who wants which pair linked, and why."""

    caller: Caller
    resident: Resident
    pair: Pair
    origin: Origin
    now: datetime
    undo_until: datetime | None = None


class LinkAccount:
    """Links an account that the resident has just found."""

    def __init__(self, storage: Storage, records: BillingRecords, clock: Clock) -> None:
        self._storage = storage
        self._records = records
        self._clock = clock

    def __call__(self, caller: Caller, city: City, pair: Pair) -> Link | Refused:
        """Return the link, the one there was or a new one; refuses: ALREADY_LINKED, LINK_LIMIT_REACHED."""
        now = self._clock.now()
        resident = Resident(city.id, caller.issuer, caller.subject)
        siblings: list[Pair] = []
        if city.whole_customer:
            closed_after = city.closed_after(now.date())
            siblings = self._records.pairs_of_customer(city.id, pair.customer_id, closed_after=closed_after)
        with self._storage.transaction() as connection:
            outcome = make_link(connection, city, NewLink(caller, resident, pair, Origin.RESIDENT, now))
            if isinstance(outcome, Link):
                for sibling in siblings:
                    make_link(connection, city, NewLink(caller, resident, sibling, Origin.RESIDENT, now))
        return outcome


def make_link(connection: Executor, city: City, new: NewLink) -> Link | Refused:
    """Make a link within an open transaction, and queue who is told; idempotent.

    Links of one resident, and links to accounts of one customer ID, are made one after the other.
    """
    resident, pair = new.resident, new.pair
    hold(connection, "resident", resident.city_id, resident.issuer, resident.subject)
    hold(connection, "customer", resident.city_id, pair.customer_id)
    links = Links(connection)
    if there := links.find_link_to(resident, pair):
        return there
    others = links.other_subjects_linked_to(resident, pair)
    if city.exclusive and others:
        return _refused(connection, new, Refused(Refusal.ALREADY_LINKED))
    if links.count_links(resident) >= MOST_LINKS:
        return _refused(connection, new, Refused(Refusal.LINK_LIMIT_REACHED, {"limit": str(MOST_LINKS)}))
    link = Link(randomness.identifier(), pair, new.origin, new.now, new.undo_until)
    links.add_link(resident, link)
    Audit(connection).record(
        Event.LINK_MADE,
        new.now,
        city_id=resident.city_id,
        subject=resident.subject,
        client_id=new.caller.client_id,
        session_id=new.caller.session_id,
        link_id=link.link_id,
        origin=link.origin.value,
    )
    _tell(Notifications(connection), new, others)
    return link


def _tell(notifications: Notifications, new: NewLink, others: list[str]) -> None:
    """Queue a notification to the resident, and to everybody who has linked the same account."""
    facts = {"account_ending": account_ending(new.pair)}
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


def _refused(connection: Executor, new: NewLink, refused: Refused) -> Refused:
    Audit(connection).record(
        Event.LINK_REFUSED,
        new.now,
        city_id=new.resident.city_id,
        subject=new.resident.subject,
        client_id=new.caller.client_id,
        session_id=new.caller.session_id,
        reason=refused.reason.value,
    )
    return refused
