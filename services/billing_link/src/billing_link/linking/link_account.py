"""Links an account to a resident: the verb for `remember`, and `decide_link`, which decides every link."""

from dataclasses import dataclass
from datetime import datetime

from billing_link import randomness
from billing_link.audit.store import Event, new_event
from billing_link.billing_records.port import BillingRecords, UtilityAccount
from billing_link.clock import Clock
from billing_link.errors import Refusal, Refused
from billing_link.linking.cities import City
from billing_link.linking.links import (
    MOST_LINKS,
    Link,
    LinkingState,
    Origin,
    Resident,
    account_ending,
    actor_of,
)
from billing_link.linking.store import Links, new_link
from billing_link.new_rows import NewRow, add_together
from billing_link.notifications.store import NotificationKind, new_notification
from billing_link.storage import Storage
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

    @property
    def customer_lock(self) -> tuple[str, ...]:
        """The lock of links to accounts of the customer ID."""
        return "customer", self.resident.city_id, self.account.pair.customer_id


@dataclass(frozen=True, slots=True)
class LinkDecision:
    """The existing or the new link, or the refusal; and the rows to be added in the same transaction."""

    outcome: Link | Refused
    rows: tuple[NewRow, ...] = ()


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
        wanted = [NewLink(caller, resident, one, Origin.RESIDENT, now) for one in (account, *siblings)]
        with self._storage.transaction() as tx:
            links = Links(tx)
            # Links of one resident wait for one another, and so do links to accounts of one customer ID.
            links.hold(resident.lock_names, wanted[0].customer_lock)
            for new in wanted:
                decision = decide_link(links.read_linking_state(resident, new.account.pair), city, new)
                add_together(tx, *decision.rows)
                if new.account is account:
                    outcome = decision.outcome
                if isinstance(outcome, Refused):
                    break
        return outcome


def decide_link(state: LinkingState, city: City, new: NewLink) -> LinkDecision:
    """Decide whether a link is made; its locks are held since before the state was read. Idempotent."""
    if state.own_link:
        return LinkDecision(state.own_link)
    if city.exclusive and state.other_subjects:
        return _refuse(new, Refused(Refusal.ALREADY_LINKED))
    if state.count >= MOST_LINKS:
        return _refuse(new, Refused(Refusal.LINK_LIMIT_REACHED, {"limit": str(MOST_LINKS)}))
    link = Link(randomness.identifier(), new.account.pair, new.origin, new.now, new.undo_until)
    made = new_event(
        Event.LINK_MADE,
        new.now,
        city_id=new.resident.city_id,
        actor=actor_of(new.caller),
        details={"link_id": link.link_id, "origin": link.origin.value},
    )
    return LinkDecision(
        link, (new_link(new.resident, link), made, *_notifications(new, state.other_subjects))
    )


def _notifications(new: NewLink, others: list[str]) -> list[NewRow]:
    """Return one for the resident, and one for each other resident who has linked the same account."""
    facts = {"account_ending": account_ending(new.account.account_number)}
    kind, own_facts = NotificationKind.LINKED, facts
    if new.undo_until:
        kind, own_facts = (
            NotificationKind.AUTO_LINKED,
            facts | {"undo_until": new.undo_until.date().isoformat()},
        )
    told = [
        (kind, new.resident.subject, own_facts),
        *((NotificationKind.LINKED_BY_OTHER, other, facts) for other in others),
    ]
    return [
        new_notification(kind, city_id=new.resident.city_id, subject=subject, details=details, now=new.now)
        for kind, subject, details in told
    ]


def _refuse(new: NewLink, refused: Refused) -> LinkDecision:
    """Return the refusal, to be recorded in the audit trail."""
    event = new_event(
        Event.LINK_REFUSED,
        new.now,
        city_id=new.resident.city_id,
        actor=actor_of(new.caller),
        details={"reason": refused.reason.value},
    )
    return LinkDecision(refused, (event,))
