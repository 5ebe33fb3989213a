"""The auto-link: links the one earlier registration with the verified e-mail address, once per resident.

An address makes one link a day in a city, whichever residents prove it meanwhile (docs/decisions/0067).
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing_link.audit.store import Event, new_event
from billing_link.billing_records.email_addresses import key_of
from billing_link.billing_records.port import BillingRecords
from billing_link.clock import Clock
from billing_link.linking.cities import AutoLinkPolicy, City
from billing_link.linking.link_account import NewLink, decide_link
from billing_link.linking.links import AutoLinkOutcome, Link, LinkedAccount, Origin, Resident, actor_of
from billing_link.linking.store import Links, new_auto_link
from billing_link.new_rows import NewRow, add_together
from billing_link.storage import Storage
from billing_link.tokens.caller import Caller

UNDO_PERIOD = timedelta(days=7)
# Between two auto-links by one address in one city.
ONE_FOR_EACH = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AutoLinkDecision:
    """The outcome, and the linked account where this call decided it."""

    outcome: AutoLinkOutcome
    linked: LinkedAccount | None = None


class AutoLink:
    """Searches for an earlier registration, at a resident's first list of a city. It can be undone."""

    def __init__(self, storage: Storage, records: BillingRecords, clock: Clock) -> None:
        self._storage = storage
        self._records = records
        self._clock = clock

    def __call__(self, caller: Caller, city: City) -> AutoLinkDecision:
        """Return the outcome. Every outcome but NOT_TRIED is stored and final.

        NOT_TRIED also where the address has made a link within the last day.
        """
        key = key_of(caller.verified_email)
        if key is None or not city.linking or city.auto_link is AutoLinkPolicy.OFF:
            return AutoLinkDecision(AutoLinkOutcome.NOT_TRIED)
        now, address, resident = self._clock.now(), _digest(city.id, key), Resident.of(caller, city.id)
        found = self._find_registered(caller, city, key, now)
        customer_locks = [found.customer_lock] if isinstance(found, NewLink) else []
        with self._storage.transaction() as tx:
            links = Links(tx)
            # In this order everywhere, so that no two wait for each other.
            links.hold(resident.lock_names, ("address", address), *customer_locks)
            state = links.read_auto_link_state(resident, address, now - ONE_FOR_EACH)
            if state.outcome:
                return AutoLinkDecision(state.outcome)
            if isinstance(found, NewLink) and state.address_has_linked:
                return AutoLinkDecision(AutoLinkOutcome.NOT_TRIED)
            decision, rows = _decide(links, city, found)
            link = decision.linked.link if decision.linked else None
            decided = new_event(
                Event.AUTO_LINK_DECIDED,
                now,
                city_id=city.id,
                actor=actor_of(caller),
                details={"outcome": decision.outcome.value},
            )
            auto_link = new_auto_link(resident, address, decision.outcome, link, now)
            add_together(tx, *rows, auto_link, decided)
        return decision

    def _find_registered(
        self, caller: Caller, city: City, key: str, now: datetime
    ) -> NewLink | AutoLinkOutcome:
        """Return the link to make, or the outcome if there is none."""
        found = self._records.find_registrations(city.id, key)
        if len(found) > 1:
            return AutoLinkOutcome.AMBIGUOUS
        if not found or (
            city.auto_link is AutoLinkPolicy.EMAIL_AND_NAME
            and not resembles(found[0].name, caller.given_name, caller.family_name)
        ):
            return AutoLinkOutcome.NONE
        closed_after = city.closed_after(now.date())
        account = self._records.find_account(city.id, found[0].pair, closed_after=closed_after)
        if account is None:
            return AutoLinkOutcome.NONE
        return NewLink(caller, Resident.of(caller, city.id), account, Origin.AUTO, now, now + UNDO_PERIOD)


def _decide(
    links: Links, city: City, found: NewLink | AutoLinkOutcome
) -> tuple[AutoLinkDecision, tuple[NewRow, ...]]:
    """Return the decision, and the rows of a link that is made or refused."""
    if isinstance(found, AutoLinkOutcome):
        return AutoLinkDecision(found), ()
    state = links.read_linking_state(found.resident, found.account.pair)
    linking = decide_link(state, city, found)
    if isinstance(linking.outcome, Link):
        linked = LinkedAccount(linking.outcome, found.account)
        return AutoLinkDecision(AutoLinkOutcome.LINKED, linked), linking.rows
    return AutoLinkDecision(AutoLinkOutcome.NONE), linking.rows


def _digest(city_id: str, key: str) -> str:
    return hashlib.sha256(f"{city_id}\0{key}".encode()).hexdigest()


def resembles(registered: str, given_name: str, family_name: str) -> bool:
    """Tell whether a registration's name may be this person's.

    Every part of the family name must be in it, and the first given name or its initial: `DOE, JANE A` and
    `J. Doe & K. Doe` resemble Jane Doe.
    """
    words, given, family = _words(registered), _words(given_name), _words(family_name)
    if not given or not family:
        return False
    others = [word for word in words if word not in family]
    return set(family) <= set(words) and (given[0] in words or given[0][0] in others)


def _words(name: str) -> list[str]:
    """Return the words of a name without accents, case and punctuation."""
    plain = [c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c)]
    return "".join(
        c if c.isalnum() else " " for c in plain if c not in "'\N{RIGHT SINGLE QUOTATION MARK}"
    ).split()
